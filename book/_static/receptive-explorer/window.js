/* The explorer in a window or frame of its own: explorer.html?stack=conv3,max2&hide=table&unit=conv1:3,4.
   A frame's height follows its content: a course system is told by lti.frameResize, any other page by a plain message. */
((S6Receptive) => {
  "use strict";

  const asked = new URLSearchParams(location.search);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => (document.documentElement.dataset.theme = asked.get("theme") ?? (dark.matches ? "dark" : "light"));
  paint();
  dark.addEventListener("change", paint);
  if (window.parent !== window) document.documentElement.classList.add("framed");

  /** Tell the page around a frame how high its content is. */
  function report(height) {
    window.parent.postMessage({ subject: "lti.frameResize", height }, "*");
    window.parent.postMessage({ type: "receptive-explorer", height }, "*");
  }

  addEventListener("DOMContentLoaded", () => {
    const explorer = document.querySelector("receptive-explorer");
    if (window.parent === window || !explorer) return;
    let last = 0;
    new ResizeObserver(() => {
      const height = Math.ceil(explorer.getBoundingClientRect().height);
      if (Math.abs(height - last) > 1) report((last = height));
    }).observe(explorer);
  });
})((window.S6Receptive ??= {}));
