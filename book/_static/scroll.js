// What scrolls by itself on a narrow screen, a formula or a figure, is a stop of the Tab key there, so that keys scroll it
// too. The theme does the same for tables and code.
{
  const boxes = "div.math, .study-figure .pair";
  const watch = new ResizeObserver((found) => {
    for (const { target } of found) {
      for (const box of [target, ...target.querySelectorAll("mjx-container")]) {
        if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
        else box.removeAttribute("tabindex");
      }
    }
  });
  document.querySelectorAll(boxes).forEach((box) => watch.observe(box));
}
