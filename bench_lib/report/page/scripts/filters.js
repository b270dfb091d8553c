/* Filters: one chip of each kind, and words to search for. CSS hides what a chip leaves out; the search is done here. */
const chips = every(".chips input");
const views = every("input[name=view]");
const groups = [...new Set(chips.map((chip) => chip.name))];
const isChosen = (chip) => chip.checked && chip.value !== "all";
const markerOf = (chip) => chip.closest("fieldset").dataset.marker;
const plain = (text) => text.toLowerCase().replaceAll("_", " ");
const find = byId("find");
const searched = () => plain(find.value).split(/\s+/).filter(Boolean);
const isFiltered = () => chips.some(isChosen) || searched().length > 0;

/* An element without the marker of a kind holds several of that kind, and no chip of it hides the element. */
function fits(classes, chosen) {
  return chosen.every((chip) => !classes.includes(markerOf(chip)) || classes.includes(chip.id));
}

function isNamed(text, words) {
  return words.every((word) => text.includes(word));
}

/* Rows, figures and groups of rows outside the table of all numbers, with the name that a search looks at. */
const marked = every(".x").filter((element) => !element.closest("#all"));
const isGroup = (element) => element.tagName === "TBODY";
const names = new Map();

function nameOf(element) {
  if (!names.has(element)) {
    const named = element.querySelector("th[scope=row], figcaption");
    names.set(element, plain(element.dataset.name || (named ? `${named.textContent} ${named.title}` : "")));
  }
  return names.get(element);
}

function narrow() {
  const words = searched();
  const chosen = chips.filter(isChosen);
  const left = new Map();
  for (const element of marked.filter((each) => !isGroup(each))) {
    const named = !words.length || !nameOf(element) || isNamed(nameOf(element), words);
    element.classList.toggle("off", !named);
    const isLeft = named && fits([...element.classList], chosen);
    for (const holder of [element.closest("tbody.x"), part(element)]) left.set(holder, left.get(holder) || isLeft);
  }
  for (const [holder, any] of left) if (holder) {
    if (holder.tagName === "TBODY") holder.classList.toggle("off", !any);
    else tellEmpty(holder, !any);
  }
  stops();
}

/* What is empty as a whole: the table of winners that is shown, or a section. */
function part(element) {
  return element.closest(".v, section");
}

function tellEmpty(holder, isEmpty) {
  let note = holder.querySelector(":scope > .nothing");
  if (!note && !isEmpty) return;
  if (!note) {
    note = document.createElement("p");
    note.className = "note nothing";
    note.textContent = "Nothing here matches the filters.";
    const after = holder.querySelector(":scope > h2, :scope > .over");
    if (after) after.after(note); else holder.prepend(note);
  }
  note.hidden = !isEmpty;
}

/* The choice of the table of winners and the chips keep in step: the one that was touched last leads. */
const classesOf = (view) => view.dataset.classes.split(" ");

function stepView() {
  const chosen = chips.filter(isChosen);
  const fitting = views.filter((view) => fits(classesOf(view), chosen));
  if (fitting.length && !fitting.some((view) => view.checked)) fitting[0].checked = true;
}

function stepChips() {
  const classes = classesOf(views.find((view) => view.checked));
  for (const chip of chips.filter(isChosen)) if (!fits(classes, [chip])) {
    chips.find((other) => other.name === chip.name && classes.includes(other.id)).checked = true;
  }
}

/* What is chosen stands on each menu, and can be taken back at once. */
function label() {
  for (const pick of every(".pick")) {
    const chosen = every("input", pick).find((chip) => chip.checked);
    pick.querySelector("b").textContent = chosen.nextElementSibling.textContent;
  }
  byId("reset").hidden = !isFiltered();
}

function filtered() {
  narrow();
  label();
  return showRows();
}

function choose(changed) {
  if (changed === "view") stepChips(); else stepView();
  const count = filtered();
  writeState();
  const view = views.find((each) => each.checked);
  say(changed === "view" ? view.parentNode.textContent.trim() : `${counted(count)} left of ${counted(total)}`);
}

for (const radio of [...chips, ...views]) radio.addEventListener("change", () => choose(radio.name));

let typing = 0;
find.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => choose("find"), 150);
});

byId("reset").addEventListener("click", () => {
  for (const chip of chips) chip.checked = chip.value === "all";
  find.value = "";
  choose("reset");
  (document.querySelector(".pick summary") || find).focus();
});
