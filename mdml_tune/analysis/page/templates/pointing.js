// Pointing at a mark says what it is: by mouse, by finger, by keyboard.
const REACH = { mouse: 12, pen: 16, touch: 28 };
const tip = document.getElementById("tip");

function showTip(text, x, y) {
  tip.textContent = text;
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(Math.max(x + 14, 4), document.documentElement.clientWidth - width - 4);
  const above = y - height - 12;
  tip.style.transform = `translate(${left}px, ${above > 4 ? above : y + 18}px)`;
}

function hideTip() {
  tip.hidden = true;
}

function pointAt(mark, x, y) {
  showTip(mark.text, x, y);
  light(mark.config ?? pinned);
}

function leave() {
  hideTip();
  light(pinned);
}

function listen(svg) {
  svg.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch" || event.buttons) return;
    const mark = markAt(svg, event);
    if (mark) pointAt(mark, event.clientX, event.clientY);
    else leave();
  });
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("click", (event) => {
    if (onRail(event)) return;
    const mark = markAt(svg, event);
    if (mark) showTip(mark.text, event.clientX, event.clientY);
    if (mark?.config) toggle(mark.config);
    else if (!mark) pin(null);
  });
  byKeyboard(svg);
}

/** The mark that is meant; none where a range is dragged. */
function markAt(svg, event) {
  if (onRail(event)) return null;
  return nearest(svg, event.clientX, event.clientY, REACH[event.pointerType] ?? REACH.mouse);
}

function onRail(event) {
  return event.pointerType !== "touch" && event.target.classList.contains("rail");
}

/** The arrow keys go from mark to mark, Enter pins. */
function byKeyboard(svg) {
  const own = marks.filter((mark) => mark.svg === svg);
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  let at = -1;
  svg.setAttribute("tabindex", "0");
  svg.addEventListener("blur", leave);
  svg.addEventListener("keydown", (event) => {
    if (event.key in steps) {
      at = (at + steps[event.key] + own.length) % own.length;
      const box = own[at].element.getBoundingClientRect();
      pointAt(own[at], box.x + box.width / 2, box.y + box.height / 2);
      event.preventDefault();
    } else if (event.key === "Enter" && own[at]?.config) {
      toggle(own[at].config);
    }
  });
}
