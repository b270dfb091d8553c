/* The bar: menus that close again, the theme, and the address of what is seen. */
const menus = every("details.menu");
const close = (kept) => { for (const menu of menus) if (menu !== kept) menu.open = false; };

document.addEventListener("click", (event) => {
  close(event.target.closest("nav a") ? null : event.target.closest("details.menu"));
});
for (const menu of menus) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopPropagation();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
}

/* Where there is room the filters are always open; where there is little they lie over the page when asked for. */
const filters = document.querySelector(".filters");
const wide = matchMedia("(min-width:1160px)");
const foldFilters = () => { filters.open = wide.matches; };
wide.addEventListener("change", foldFilters);
document.addEventListener("click", (event) => { if (!filters.contains(event.target)) foldFilters(); });
filters.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || wide.matches) return;
  filters.open = false;
  filters.querySelector("summary").focus();
});

const dark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
const themeButton = byId("theme");
const labelTheme = () => { themeButton.textContent = isDark() ? "Light" : "Dark"; };
dark.addEventListener("change", labelTheme);
themeButton.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  labelTheme();
  writeState();
});

/* The section under the bar, so that the link leads there, too. */
function sectionSeen() {
  const line = byId("main").getBoundingClientRect().top > 0 ? 0 : innerHeight / 3;
  const seen = every("main > section[id]").filter((section) => section.getBoundingClientRect().top < line);
  return seen.length ? seen.at(-1).id : "";
}

/* The menu of sections says which of them is seen now. */
document.querySelector("nav").parentNode.addEventListener("toggle", () => {
  const seen = sectionSeen();
  for (const link of every("nav a")) {
    if (link.hash === `#${seen}`) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
  }
});

async function copyLink() {
  at = sectionSeen();
  writeState();
  const holder = document.querySelector(".address");
  try {
    await navigator.clipboard.writeText(location.href);
    holder.hidden = true;
    say("The address of this view is copied");
  } catch {
    holder.hidden = false;
    byId("address").value = location.href;
    byId("address").select();
    say("This browser does not let the page copy: the address of this view is selected, copy it from there");
  }
}

byId("link").addEventListener("click", copyLink);
byId("address").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  document.querySelector(".address").hidden = true;
  byId("link").focus();
});
