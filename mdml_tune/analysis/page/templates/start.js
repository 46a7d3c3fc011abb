// The page is whole without this script; with it, it says so.
document.documentElement.classList.add("scripted");
for (const svg of new Set(marks.map((mark) => mark.svg))) listen(svg);
startRanking();
startRanges();
releaseOnEscape();

// A sandboxed frame may not navigate, not even within its page.
for (const link of document.querySelectorAll("nav a")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    document.querySelector(link.hash).scrollIntoView();
  });
}

/** Where a box can be panned further, its edge shows it. */
for (const pan of document.querySelectorAll(".pan")) {
  const tell = () => {
    const left = pan.scrollWidth - pan.clientWidth - pan.scrollLeft;
    pan.parentElement.classList.toggle("more", left > 4);
  };
  pan.addEventListener("scroll", tell, { passive: true });
  new ResizeObserver(tell).observe(pan);
}
