/* The table of winners: one stop for the Tab key, arrows within; details beside the cell. */
const winners = every("table.hero");
const cellsOf = (hero) => every("td button", hero);
const isSeen = (element) => element.checkVisibility();
let pointed = null;

/* A filter may hide the cell that the Tab key stops at: the first that is seen takes its place. */
function stops() {
  for (const hero of winners) {
    const cells = cellsOf(hero);
    const stop = cells.find((cell) => cell.tabIndex === 0 && isSeen(cell)) || cells.find(isSeen);
    if (stop) stopAt(cells, stop);
  }
}

function stopAt(cells, stop) {
  for (const cell of cells) cell.tabIndex = cell === stop ? 0 : -1;
}

function nextInRow(at, step) {
  let cell = at;
  do cell = step > 0 ? cell.nextElementSibling : cell.previousElementSibling;
  while (cell && !cell.querySelector("button"));
  return cell && cell.querySelector("button");
}

function nextInColumn(at, step) {
  const seen = every("tbody tr", at.closest("table")).filter((row) => isSeen(row) && row.querySelector("td button"));
  for (let index = seen.indexOf(at.parentNode) + step; seen[index]; index += step) {
    const button = seen[index].cells[at.cellIndex].querySelector("button");
    if (button) return button;
  }
  return null;
}

const MOVES = {
  ArrowRight: (at) => nextInRow(at, 1),
  ArrowLeft: (at) => nextInRow(at, -1),
  ArrowDown: (at) => nextInColumn(at, 1),
  ArrowUp: (at) => nextInColumn(at, -1),
  Home: (at) => cellsOf(at.parentNode)[0],
  End: (at) => cellsOf(at.parentNode).at(-1),
};

/* Within the window, under its cell or above it. */
function place() {
  if (!pointed) return;
  const tip = pointed.querySelector(".tip");
  const box = pointed.getBoundingClientRect();
  tip.classList.add("at");
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(box.left, root.clientWidth - width - 8))}px`;
  tip.style.top = `${box.bottom + height + 8 < innerHeight ? box.bottom + 4 : Math.max(8, box.top - height - 4)}px`;
}

for (const hero of winners) {
  hero.addEventListener("keydown", (event) => {
    const at = event.target.closest("td");
    if (event.key === "Escape") hero.classList.add("shut");
    if (!at || !MOVES[event.key]) return;
    event.preventDefault();
    const next = MOVES[event.key](at);
    if (!next) return;
    stopAt(cellsOf(hero), next);
    next.focus();
  });
  for (const kind of ["mouseover", "focusin"]) {
    hero.addEventListener(kind, (event) => {
      hero.classList.remove("shut");
      pointed = event.target.closest("td button");
      place();
    });
  }
}

addEventListener("scroll", place, { passive: true, capture: true });
addEventListener("resize", place);
