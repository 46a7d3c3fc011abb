// What stands for which configuration: marks within the drawings, rows of the ranking.
const told = JSON.parse(document.getElementById("told").textContent);

/** Every mark: {svg, element, text, config}; config is null where no configuration is meant. */
const marks = Object.entries(told.marks).flatMap(([id, of]) => members(id, of));

/** Configuration -> the elements that show it. */
const shows = new Map();
for (const mark of marks) {
  mark.element.classList.add("mark", points(mark.element) ? "line" : "area");
  if (mark.config) remember(mark.config, mark.element);
}
for (const row of document.querySelectorAll("tr[data-config]")) remember(row.dataset.config, row);

function remember(config, element) {
  if (!shows.has(config)) shows.set(config, []);
  shows.get(config).push(element);
}

/** The members of a group in their order; a group with a single mark is all of it that mark. */
function members(id, of) {
  const group = document.getElementById(id);
  const drawn = [...(group?.querySelectorAll("path, use, text") ?? [])];
  const elements = drawn.filter((element) => !element.closest("defs"));
  return elements.flatMap((element, at) => {
    const mark = of.length === 1 ? of[0] : of[at];
    return mark ? [{ svg: element.ownerSVGElement, element, text: mark[0], config: mark[1] }] : [];
  });
}

/** The corners of an open line, in the drawing's own units; null for what has an area. */
function points(element) {
  if (element.tagName !== "path" || element.style.fill !== "none") return null;
  const numbers = (element.getAttribute("d").match(/-?[\d.]+/g) ?? []).map(Number);
  return numbers.flatMap((x, at) => (at % 2 ? [] : [[x, numbers[at + 1]]]));
}

/** The mark nearest to a place on the screen, no further away than `reach` CSS pixels; or null. */
function nearest(svg, clientX, clientY, reach) {
  const screen = svg.getScreenCTM();
  const at = new DOMPoint(clientX, clientY).matrixTransform(screen.inverse());
  let best = null;
  let least = reach / screen.a;
  for (const mark of marks) {
    if (mark.svg !== svg || mark.element.classList.contains("out")) continue;
    mark.shape ??= points(mark.element) ?? mark.element.getBBox();
    const away = distance(mark.shape, at);
    if (away <= least) [best, least] = [mark, away];
  }
  return best;
}

function distance(shape, at) {
  if (!Array.isArray(shape)) {
    const across = Math.max(shape.x - at.x, at.x - shape.x - shape.width, 0);
    const down = Math.max(shape.y - at.y, at.y - shape.y - shape.height, 0);
    return Math.hypot(across, down);
  }
  let least = Infinity;
  for (let k = 1; k < shape.length; k++) {
    least = Math.min(least, toSegment(shape[k - 1], shape[k], at));
  }
  return least;
}

function toSegment([x, y], [endX, endY], at) {
  const [dx, dy] = [endX - x, endY - y];
  const along = ((at.x - x) * dx + (at.y - y) * dy) / (dx * dx + dy * dy || 1);
  const part = Math.min(Math.max(along, 0), 1);
  return Math.hypot(at.x - x - part * dx, at.y - y - part * dy);
}
