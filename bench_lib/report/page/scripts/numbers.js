/* All numbers: rows are data, of which only those shown become elements. Those beyond the first stand packed in the
   page, and are unfolded when they are first needed. A cell: a text; or [text, value], or [text, span, value, low,
   high] where the column has intervals; or nothing where no number is known. */
const table = byId("all");
const body = table.tBodies[0];
const heads = [...table.tHead.rows[0].cells];
const keys = heads.map((head) => head.dataset.key);
const isNumeric = heads.map((head) => "numeric" in head.dataset);
const hasInterval = heads.map((head) => "interval" in head.dataset);
const total = Number(table.dataset.total);
const PAGE = 500;
const number = (text) => (text === undefined ? null : Number(text));
const asGiven = [...body.rows].map(lifted);
let rows = asGiven;
let limit = rows.length;

function lifted(element) {
  const cells = heads.map((head, place) => {
    const { textContent, dataset } = element.cells[place];
    if (!isNumeric[place]) return textContent;
    const value = number(dataset.value);
    if (value === null) return null;
    return hasInterval[place] ? ["", "", value, number(dataset.low), number(dataset.high)] : ["", value];
  });
  return { classes: element.className, cells, element };
}

function unfold() {
  if (asGiven.length === total) return;
  const { words, rows: packed } = JSON.parse(byId("rest").textContent);
  for (const [classes, ...cells] of packed) {
    const read = (cell, place) => (isNumeric[place] ? cell : words[cell]);
    asGiven.push({ classes: words[classes], cells: cells.map(read) });
  }
}

const valueOf = (cell, place) => (cell ? cell[hasInterval[place] ? 2 : 1] : NaN);

function drawn(row) {
  if (row.element) return row.element;
  row.element = document.createElement("tr");
  row.element.className = row.classes;
  row.cells.forEach((value, place) => {
    const cell = row.element.appendChild(document.createElement(place ? "td" : "th"));
    if (!place) cell.scope = "row";
    if (!isNumeric[place]) {
      const holder = place ? cell : cell.appendChild(document.createElement("code"));
      holder.appendChild(document.createElement("bdi")).textContent = value;
    } else if (value) {
      cell.textContent = value[0];
      cell.dataset.value = valueOf(value, place);
      if (hasInterval[place] && value[1]) cell.appendChild(document.createElement("small")).textContent = value[1];
    }
  });
  return row.element;
}

function matching() {
  if (!isFiltered()) return rows;
  unfold();
  const words = searched();
  const chosen = chips.filter(isChosen);
  const [name, expression] = ["workload", "expression"].map((key) => keys.indexOf(key));
  const known = new Map();
  return rows.filter((row) => {
    if (!known.has(row.classes)) known.set(row.classes, fits(row.classes.split(" "), chosen));
    if (!known.get(row.classes) || !words.length) return known.get(row.classes);
    row.name ??= plain(`${row.cells[name]} ${row.cells[expression]}`);
    return isNamed(row.name, words);
  });
}

function showRows() {
  const found = matching();
  const count = isFiltered() ? found.length : total;
  const shown = Math.min(limit, count);
  body.replaceChildren(...found.slice(0, limit).map(drawn));
  byId("shown").textContent = shown < count
    ? `${shown.toLocaleString("en")} of ${counted(count)} are shown.`
    : `${counted(count)}${count < total ? ` of ${total.toLocaleString("en")} match the filters` : ""}.`;
  byId("more").hidden = shown >= count;
  byId("more").textContent = count - shown > PAGE ? `Show ${PAGE.toLocaleString("en")} more` : "Show all";
  byId("matching").hidden = !isFiltered();
  return count;
}

/* Texts are few and rows are many: texts are put in order once, and rows by the place of their text. */
const collator = new Intl.Collator("en", { numeric: true });

function ranked(place) {
  if (isNumeric[place]) return (row) => valueOf(row.cells[place], place);
  const texts = [...new Set(rows.map((row) => row.cells[place]))].sort(collator.compare);
  const ranks = new Map(texts.map((text, rank) => [text, rank]));
  return (row) => ranks.get(row.cells[place]);
}

/* Stable, and what is not known comes last in both directions. */
function sortBy(head, descending) {
  for (const each of heads) each.removeAttribute("aria-sort");
  if (!head) {
    rows = asGiven;
    return;
  }
  unfold();
  const rank = ranked(heads.indexOf(head));
  const sign = descending ? -1 : 1;
  const keyed = rows.map((row) => [rank(row), row]);
  keyed.sort(([one], [other]) => (
    Number.isNaN(one) || Number.isNaN(other) ? Number.isNaN(one) - Number.isNaN(other) : sign * (one - other)
  ));
  rows = keyed.map(([, row]) => row);
  head.setAttribute("aria-sort", descending ? "descending" : "ascending");
}

for (const head of heads) {
  head.firstElementChild.addEventListener("click", () => {
    sortBy(head, head.ariaSort === "ascending");
    showRows();
    writeState();
    say(`Sorted by ${head.textContent}, ${head.ariaSort}`);
  });
}

byId("more").addEventListener("click", () => {
  unfold();
  limit += PAGE;
  say(`${counted(showRows())}, ${body.rows.length.toLocaleString("en")} shown`);
  if (byId("more").hidden) table.parentNode.focus({ preventScroll: true });
});
