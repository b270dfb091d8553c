/* Downloads: made from the rows of the page in the order shown, all of them or those that match the filters. */
function records() {
  unfold();
  return (isFiltered() && byId("only").checked ? matching() : rows).map((row) => {
    const record = {};
    row.cells.forEach((cell, place) => {
      const key = keys[place];
      if (!isNumeric[place]) record[key] = cell;
      else if (!hasInterval[place]) record[key] = cell ? cell[1] : null;
      else [record[key], record[`${key}_low`], record[`${key}_high`]] = cell ? cell.slice(2) : [null, null, null];
    });
    return record;
  });
}

/* A spreadsheet takes a text that begins like a formula for one; a quote before it keeps it text. */
function csvField(value) {
  if (value === null) return "";
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? "'" + value : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function asCsv(found) {
  const names = keys.flatMap((key, place) => (hasInterval[place] ? [key, `${key}_low`, `${key}_high`] : [key]));
  return [names, ...found.map(Object.values)].map((fields) => `${fields.map(csvField).join(",")}\r\n`).join("");
}

function save(kind, type, written) {
  const found = records();
  const name = `crossover${found.length < total ? "-filtered" : ""}.${kind}`;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([written(found)], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  say(`${name} saved, ${counted(found.length)}`);
}

byId("csv").addEventListener("click", () => save("csv", "text/csv", asCsv));
byId("json").addEventListener("click", () => save("json", "application/json", (found) => JSON.stringify(found, null, 1)));
