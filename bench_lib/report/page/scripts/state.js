/* State: what is chosen stands in the URL's hash, and what is the default stays out of it. */
let at = "";

function writeState() {
  const state = new URLSearchParams();
  const view = views.find((each) => each.checked);
  if (view && view !== views[0]) state.set("view", view.value);
  for (const chip of chips.filter(isChosen)) state.set(chip.name, chip.value);
  if (find.value.trim()) state.set("find", find.value.trim());
  const sorted = heads.find((head) => head.ariaSort);
  if (sorted) state.set("sort", (sorted.ariaSort === "descending" ? "-" : "") + sorted.dataset.key);
  if (root.dataset.theme) state.set("theme", root.dataset.theme);
  if (at) state.set("at", at);
  history.replaceState(null, "", "#" + state);
}

function readState() {
  const state = new URLSearchParams(location.hash.slice(1));
  for (const name of groups) {
    const group = chips.filter((chip) => chip.name === name);
    (group.find((chip) => chip.value === state.get(name)) || group[0]).checked = true;
  }
  const view = views.find((each) => each.value === state.get("view")) || views[0];
  if (view) view.checked = true;
  find.value = state.get("find") || "";
  const theme = state.get("theme");
  if (theme === "dark" || theme === "light") root.dataset.theme = theme; else delete root.dataset.theme;
  labelTheme();
  const sort = state.get("sort") || "";
  const head = heads.find((each) => each.dataset.key === sort.replace(/^-/, ""));
  sortBy(head, sort.startsWith("-"));
  if (view && !state.has("view")) stepView();
  filtered();
  const section = every("main > section[id]").find((each) => each.id === state.get("at"));
  at = section ? section.id : "";
  if (section) section.scrollIntoView({ behavior: "instant" });
}

/* A link to a section keeps what is chosen: the browser goes there, and the hash says both. */
function follow() {
  const target = location.hash && !location.hash.includes("=") && byId(location.hash.slice(1));
  if (!target) return readState();
  at = target.id;
  return writeState();
}

/* Controls that need scripts appear only now. */
root.classList.add("live");
foldFilters();
for (const id of ["find", "link", "theme"]) byId(id).hidden = false;
document.querySelector(".tools").hidden = false;
addEventListener("hashchange", follow);
labelTheme();
filtered();
follow();
