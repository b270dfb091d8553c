"use strict";
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const say = (text) => { byId("said").textContent = text; };
  const radios = [...document.querySelectorAll("fieldset input[type=radio]")];

  /* State: what is chosen stands in the URL's hash, and what is the default stays out of it. */
  const first = {};
  for (const radio of radios) if (!(radio.name in first)) first[radio.name] = radio.value;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const themeButton = byId("theme");
  const labelTheme = () => { themeButton.textContent = isDark() ? "Light" : "Dark"; };

  function writeState() {
    const state = new URLSearchParams();
    for (const radio of radios) if (radio.checked && radio.value !== first[radio.name]) state.set(radio.name, radio.value);
    if (root.dataset.theme) state.set("theme", root.dataset.theme);
    const sorted = document.querySelector("#all [aria-sort]");
    if (sorted) state.set("sort", (sorted.ariaSort === "descending" ? "-" : "") + sorted.dataset.key);
    history.replaceState(null, "", "#" + state);
  }

  function readState() {
    if (location.hash && !location.hash.includes("=")) return;
    const state = new URLSearchParams(location.hash.slice(1));
    for (const name in first) {
      const group = radios.filter((radio) => radio.name === name);
      const wanted = group.find((radio) => radio.value === state.get(name));
      (wanted || group[0]).checked = true;
    }
    const theme = state.get("theme");
    if (theme === "dark" || theme === "light") root.dataset.theme = theme; else delete root.dataset.theme;
    labelTheme();
    const sort = state.get("sort") || "";
    const head = heads.find((each) => each.dataset.key === sort.replace("-", ""));
    if (head) sortBy(head, sort.startsWith("-"));
    show();
  }

  /* All numbers: rows beyond the first are unfolded from the compact form when they are first needed. */
  const table = byId("all");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const folded = JSON.parse(byId("rest").textContent);
  const total = body.rows.length + folded.rows.length;
  let rows = [...body.rows];
  let unfolded = false;
  let limit = body.rows.length;

  function unfold() {
    if (unfolded) return;
    unfolded = true;
    for (const packed of folded.rows) {
      const row = document.createElement("tr");
      row.className = folded.words[packed[0]];
      heads.forEach((head, index) => {
        const cell = row.appendChild(document.createElement(index ? "td" : "th"));
        const value = packed[index + 1];
        if (!index) cell.scope = "row";
        if (!("numeric" in head.dataset)) {
          const holder = index ? cell : cell.appendChild(document.createElement("code"));
          holder.appendChild(document.createElement("bdi")).textContent = folded.words[value];
        } else if (value) {
          const [text, span, raw, low, high] = "interval" in head.dataset ? value : [value[0], "", value[1]];
          cell.textContent = text;
          if (span) cell.appendChild(document.createElement("small")).textContent = span;
          cell.dataset.value = raw;
          if (low != null) cell.dataset.low = low;
          if (high != null) cell.dataset.high = high;
        }
      });
      rows.push(row);
    }
  }

  function passes(row) {
    return radios.every((radio) => !radio.checked || !radio.id || radio.name === "view" || row.classList.contains(radio.id));
  }

  function show() {
    const filtered = radios.some((radio) => radio.checked && radio.id && radio.name !== "view");
    if (filtered) unfold();
    const matching = rows.filter(passes);
    body.replaceChildren(...matching.slice(0, limit));
    const count = unfolded ? matching.length : total;
    const shown = Math.min(limit, matching.length);
    byId("shown").textContent = shown < count ? `${shown} of ${count} rows` : `${count} rows`;
    byId("more").hidden = shown >= count;
    return count;
  }

  const collator = new Intl.Collator("en", { numeric: true });

  function sortBy(head, descending) {
    unfold();
    const place = heads.indexOf(head);
    const numeric = "numeric" in head.dataset;
    const keyed = rows.map((row) => {
      const cell = row.cells[place];
      return [numeric ? (cell.dataset.value === undefined ? NaN : Number(cell.dataset.value)) : cell.textContent, row];
    });
    const sign = descending ? -1 : 1;
    keyed.sort(([one], [other]) => {
      if (!numeric) return sign * collator.compare(one, other);
      if (Number.isNaN(one) || Number.isNaN(other)) return Number.isNaN(one) - Number.isNaN(other);
      return sign * (one - other);
    });
    rows = keyed.map(([, row]) => row);
    for (const each of heads) each.removeAttribute("aria-sort");
    head.ariaSort = descending ? "descending" : "ascending";
  }

  for (const head of heads) {
    head.firstElementChild.addEventListener("click", () => {
      sortBy(head, head.ariaSort === "ascending");
      show();
      writeState();
      say(`Sorted by ${head.textContent}, ${head.ariaSort}`);
    });
  }

  byId("more").addEventListener("click", () => { unfold(); limit = Infinity; show(); say(`${rows.length} rows`); });

  /* Downloads: built from the rows of the page, all of them, in the order shown. */
  function records() {
    unfold();
    return rows.map((row) => {
      const record = {};
      heads.forEach((head, index) => {
        const { dataset, textContent } = row.cells[index];
        const key = head.dataset.key;
        const number = (text) => (text === undefined ? null : Number(text));
        record[key] = "numeric" in head.dataset ? number(dataset.value) : textContent;
        if ("interval" in head.dataset) {
          record[`${key}_low`] = number(dataset.low);
          record[`${key}_high`] = number(dataset.high);
        }
      });
      return record;
    });
  }

  /* A spreadsheet takes a text that begins like a formula for one; a quote before it keeps it text. */
  function csvField(value) {
    if (value === null) return "";
    const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? "'" + value : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  function save(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    say(`${name} saved`);
  }

  byId("csv").addEventListener("click", () => {
    const found = records();
    const lines = found.map((record) => Object.values(record).map(csvField).join(","));
    save("crossover.csv", "text/csv", [Object.keys(found[0] || {}).join(","), ...lines, ""].join("\n"));
  });
  byId("json").addEventListener("click", () => save("crossover.json", "application/json", JSON.stringify(records(), null, 1)));

  /* The table of winners: one stop for the Tab key, arrows within; details beside the cell. */
  let pointed = null;
  for (const hero of document.querySelectorAll("table.hero")) {
    const cells = [...hero.querySelectorAll("td button")];
    cells.forEach((cell, index) => { cell.tabIndex = index ? -1 : 0; });
    hero.addEventListener("keydown", (event) => {
      const at = event.target.closest("td");
      if (!at) return;
      const next = neighbour(at, event.key);
      if (event.key === "Escape") hero.classList.add("shut");
      if (!next) return;
      event.preventDefault();
      cells.forEach((cell) => { cell.tabIndex = -1; });
      next.tabIndex = 0;
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

  function neighbour(at, key) {
    const visible = (row) => row.offsetParent !== null && row.querySelector("td button");
    const all = [...at.closest("table").querySelectorAll("tbody tr")].filter(visible);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (step) {
      let cell = at;
      do cell = step > 0 ? cell.nextElementSibling : cell.previousElementSibling;
      while (cell && !cell.querySelector("button"));
      return cell && cell.querySelector("button");
    }
    const down = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (!down) return null;
    for (let index = all.indexOf(at.parentNode) + down; all[index]; index += down) {
      const button = all[index].cells[at.cellIndex].querySelector("button");
      if (button) return button;
    }
    return null;
  }

  function place() {
    if (!pointed) return;
    const tip = pointed.querySelector(".tip");
    const box = pointed.getBoundingClientRect();
    tip.classList.add("at");
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(box.left, root.clientWidth - width - 8))}px`;
    tip.style.top = `${box.bottom + height + 8 < innerHeight ? box.bottom + 4 : Math.max(8, box.top - height - 4)}px`;
  }

  addEventListener("scroll", place, { passive: true, capture: true });
  addEventListener("resize", place);

  /* Controls that need scripts appear only now. */
  document.querySelector(".tools").hidden = false;
  themeButton.hidden = false;
  themeButton.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    labelTheme();
    writeState();
  });
  dark.addEventListener("change", labelTheme);
  for (const radio of radios) {
    radio.addEventListener("change", () => {
      const count = show();
      writeState();
      say(radio.name === "view" ? radio.parentNode.textContent.trim() : `${count} rows`);
    });
  }
  addEventListener("hashchange", readState);
  labelTheme();
  readState();
  show();
})();
