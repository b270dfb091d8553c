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
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
}

/* Where there is room the filters are always open; where there is little they open when asked for. */
const wide = matchMedia("(min-width:1160px)");
const unfoldFilters = () => { document.querySelector(".filters").open = wide.matches; };
wide.addEventListener("change", unfoldFilters);
unfoldFilters();

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
