// Parallel coordinates: a range dragged along an axis keeps the configurations that pass through it.
const NEAR = 9; // units of the drawing on either side of an axis
const parallel = document.querySelector("#parallel_coordinates svg");
const ranges = new Map(); // axis -> {low, high, rectangle}, in the drawing's units

function startRanges() {
  if (!parallel) return;
  const lines = marks.filter((mark) => mark.svg === parallel);
  if (!lines.length) return;
  const corners = lines.map((mark) => (mark.shape = points(mark.element)));
  const heights = corners.flat().map(([, y]) => y);
  corners[0].forEach(([x], axis) => addRail(axis, x, Math.min(...heights), Math.max(...heights)));
}

/** An invisible handle over an axis. Fingers pan the page: ranges are for mouse and pen. */
function addRail(axis, x, top, bottom) {
  const rail = bar("rail", x - NEAR, top - 6, bottom - top + 12);
  let start = null;
  let dragged = false;
  rail.addEventListener("pointerdown", (event) => {
    dragged = false;
    if (event.pointerType === "touch") return;
    start = heightOf(event);
    rail.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  rail.addEventListener("pointermove", (event) => {
    if (start === null || (!dragged && Math.abs(heightOf(event) - start) < 3)) return;
    dragged = true;
    hideTip();
    setRange(axis, x, start, heightOf(event));
  });
  rail.addEventListener("pointerup", () => {
    if (start !== null && !dragged) freeRange(axis);
    start = null;
  });
}

function heightOf(event) {
  return new DOMPoint(event.clientX, event.clientY).matrixTransform(parallel.getScreenCTM().inverse()).y;
}

function setRange(axis, x, from, to) {
  const [low, high] = [Math.min(from, to), Math.max(from, to)];
  ranges.get(axis)?.rectangle.remove();
  const rectangle = bar("range", x - 4, low, high - low);
  rectangle.style.pointerEvents = "none";
  rectangle.style.width = "8px";
  ranges.set(axis, { low, high, rectangle });
  keep();
}

function freeRange(axis) {
  ranges.get(axis)?.rectangle.remove();
  ranges.delete(axis);
  keep();
}

function freeRanges() {
  for (const axis of [...ranges.keys()]) freeRange(axis);
}

/** Fades, everywhere, the configurations that miss one of the ranges. */
function keep() {
  const missed = new Set();
  for (const mark of marks) {
    if (mark.svg !== parallel) continue;
    const inside = [...ranges].every(([axis, { low, high }]) => {
      const y = mark.shape[axis][1];
      return low <= y && y <= high;
    });
    if (!inside) missed.add(mark.config);
  }
  for (const [config, elements] of shows) {
    for (const element of elements) element.classList.toggle("out", missed.has(config));
  }
}

function bar(kind, x, y, height) {
  const rectangle = document.createElementNS(parallel.namespaceURI, "rect");
  rectangle.classList.add(kind);
  for (const [name, value] of Object.entries({ x, y, width: 2 * NEAR, height })) {
    rectangle.setAttribute(name, value);
  }
  parallel.append(rectangle);
  return rectangle;
}
