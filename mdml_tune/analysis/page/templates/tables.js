// The ranking: rows light up their configuration; it can be sorted, searched and unfolded.
const ranking = document.querySelector("table.ranking");
let folded = true;
let shownRows = 0;

function ranked() {
  return [...ranking.tBodies[0].rows];
}

function startRanking() {
  if (!ranking) return;
  shownRows = ranked().length;
  const rest = document.getElementById("rest");
  ranking.tBodies[0].append(...(rest?.querySelectorAll("tbody tr") ?? []));
  rest?.remove();
  for (const row of ranked()) listenToRow(row);
  [...ranking.tHead.rows[0].cells].forEach(makeSortable);
  document.getElementById("search").addEventListener("input", fold);
  document.getElementById("more").addEventListener("click", () => {
    folded = !folded;
    fold();
  });
  fold();
}

function unfold() {
  folded = false;
  document.getElementById("search").value = "";
  fold();
}

/** Shows the rows that the search asks for; without one, the first, or all. */
function fold() {
  const asked = document.getElementById("search").value.trim().toLowerCase();
  const rows = ranked();
  const found = rows.filter((row) => searchable(row).includes(asked));
  const open = new Set(asked || !folded ? found : found.slice(0, shownRows));
  for (const row of rows) row.hidden = !open.has(row);
  rows.forEach((row) => row.setAttribute("tabindex", "-1"));
  [...open][0]?.setAttribute("tabindex", "0");
  const more = document.getElementById("more");
  more.hidden = Boolean(asked) || rows.length <= shownRows;
  more.textContent = folded ? `show all ${rows.length}` : `show the first ${shownRows}`;
  document.getElementById("found").textContent = asked ? `${found.length} of ${rows.length}` : "";
}

function searchable(row) {
  const values = told.configurations[row.dataset.config]?.[2] ?? [];
  const settings = told.settings.map((name, at) => `${name}=${values[at]}`);
  return [row.textContent, ...settings].join(" ").toLowerCase();
}

function listenToRow(row) {
  const { config } = row.dataset;
  row.addEventListener("pointerenter", (event) => event.pointerType === "touch" || light(config));
  row.addEventListener("pointerleave", () => light(pinned));
  row.addEventListener("focus", () => light(config));
  row.addEventListener("blur", () => light(pinned));
  row.addEventListener("click", () => window.getSelection().toString() || toggle(config));
  row.addEventListener("keydown", (event) => {
    const open = ranked().filter((other) => !other.hidden);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0;
    if (event.key === "Enter" || event.key === " ") toggle(config);
    else if (step) open[open.indexOf(row) + step]?.focus();
    else return;
    event.preventDefault();
  });
}

function makeSortable(header, column) {
  const name = header.textContent;
  header.replaceChildren(button(name, () => sortBy(header, column)));
}

/** By number where there is one, else by word; what is missing stands last. */
function sortBy(header, column) {
  const down = header.getAttribute("aria-sort") === "ascending";
  for (const other of ranking.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", down ? "descending" : "ascending");
  const keyed = ranked().map((row) => ({ row, key: keyOf(row.cells[column].textContent) }));
  keyed.sort((one, other) => compare(one.key, other.key, down ? -1 : 1));
  ranking.tBodies[0].append(...keyed.map(({ row }) => row));
  fold();
}

function keyOf(text) {
  const number = text.match(/^[[<>\s]*([-+]?\d+(\.\d+)?)/);
  if (text.trim() === "–") return null;
  return number ? Number(number[1]) : text;
}

function compare(one, other, sign) {
  if (one === null || other === null) return (one === null) - (other === null);
  if (typeof one === "number" && typeof other === "number") return sign * (one - other);
  return sign * String(one).localeCompare(String(other));
}
