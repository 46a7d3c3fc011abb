// One configuration at a time is lit, in every figure and in the ranking; a pinned one stays so.
let pinned = null;
let lit = [];

function light(config) {
  for (const element of lit) {
    element.classList.remove("lit");
    element.ownerSVGElement?.classList.remove("lighting");
  }
  lit = shows.get(config) ?? [];
  for (const element of lit) {
    element.classList.add("lit");
    element.ownerSVGElement?.classList.add("lighting");
  }
}

function pin(config) {
  pinned = config;
  light(config);
  showCard(config);
}

function toggle(config) {
  pin(pinned === config ? null : config);
}

/** What is known of the pinned configuration; the card is gone when nothing is. */
function showCard(config) {
  const card = document.getElementById("card");
  card.replaceChildren();
  card.hidden = !(config in told.configurations);
  if (card.hidden) return;
  const [label, standing, values] = told.configurations[config];
  const settings = told.settings.flatMap((name, at) => [made("dt", name), made("dd", values[at])]);
  const list = made("dl");
  list.append(...settings);
  const buttons = made("div");
  const row = shows.get(config)?.find((element) => element.tagName === "TR");
  if (row) buttons.append(button("show in the ranking", () => reveal(row)));
  buttons.append(button("let go (Esc)", () => pin(null)));
  card.append(made("b", label), made("span", standing), list, buttons);
}

function reveal(row) {
  if (row.hidden) unfold();
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
}

function made(tag, text = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

function button(text, act) {
  const element = made("button", text);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
}

function releaseOnEscape() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    pin(null);
    hideTip();
    freeRanges();
  });
}
