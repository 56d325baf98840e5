/* A lesson on the whole screen, a step at a time. The steps are the sections of the page that have notes; see book/_ext/lesson.py. */
(() => {
  "use strict";

  const root = document.documentElement;
  const article = document.querySelector("article.bd-article, main");
  const steps = [...article.querySelectorAll("section")].filter((section) => section.querySelector(":scope > .lesson-notes"));
  const minutes = steps.map((step) => Number(step.querySelector(":scope > .lesson-notes").dataset.minutes));
  let at = 0;
  let started = 0;
  let ticking = null;
  let notes = null; // the window of the notes

  const bar = document.createElement("div");
  bar.className = "lesson-controls";
  bar.hidden = true;
  const button = (text, title, action) => {
    const element = Object.assign(document.createElement("button"), { type: "button", textContent: text, title });
    element.setAttribute("aria-label", title);
    element.addEventListener("click", action);
    return element;
  };
  const place = Object.assign(document.createElement("span"), { className: "lesson-place" });
  place.setAttribute("role", "status");
  const clock = Object.assign(document.createElement("span"), { className: "lesson-clock" });
  bar.append(button("‹", "Previous step", () => go(at - 1)), place, button("›", "Next step", () => go(at + 1)),
    button("Answer", "Show or hide the answer", answer), button("Notes", "Show or hide the notes", note),
    button("Notes window", "The notes in a window of their own", open), clock, button("✕", "End the lesson", end));
  document.body.append(bar);

  const running = () => root.classList.contains("lesson-on");

  /** Use the storage that holds when the lesson began, under this page's path. Where it is blocked, a reload ends the lesson. */
  function kept(use) {
    try {
      return use(sessionStorage, location.pathname);
    } catch {
      return null;
    }
  }

  const begun = () => Number(kept((storage, key) => storage.getItem(key)));

  function begin(clicked) {
    root.classList.add("lesson-on");
    bar.hidden = false;
    started ||= begun() || Date.now();
    kept((storage, key) => storage.setItem(key, started));
    const large = matchMedia("(min-width: 48.01rem)").matches; // a phone has its own arrangement
    for (const explorer of document.querySelectorAll("receptive-explorer")) explorer.toggleAttribute("projector", large);
    if (clicked) root.requestFullscreen?.().catch(() => {}); // a frame may forbid it: the lesson goes on in its window
    const asked = steps.findIndex(({ id }) => `#${id}` === location.hash);
    go(Math.max(asked, 0));
    ticking = setInterval(tick, 1000);
  }

  function end() {
    root.classList.remove("lesson-on");
    bar.hidden = true;
    kept((storage, key) => storage.removeItem(key));
    clearInterval(ticking);
    for (const explorer of document.querySelectorAll("receptive-explorer")) explorer.toggleAttribute("projector", false);
    numbers(false);
    for (const step of steps) step.classList.remove("lesson-now");
    if (document.fullscreenElement) document.exitFullscreen();
    document.querySelector(".lesson-begin").focus();
  }

  function go(to) {
    if (!(to in steps)) return;
    at = to;
    steps.forEach((step, place) => step.classList.toggle("lesson-now", place === at));
    for (const part of steps[at].querySelectorAll("details")) part.open = false;
    numbers(false);
    history.replaceState(history.state, "", `#${steps[at].id}`);
    const head = steps[at].querySelector("h1, h2, h3");
    head.tabIndex = -1;
    head.focus({ preventScroll: true });
    scrollTo(0, 0);
    tick();
    write();
  }

  const parts = (kind) => [...steps[at].querySelectorAll(`details.lesson-${kind}`)];

  /** Open what the step keeps back: the next of its answers; when all are open, close them. Numbers that an explorer
      of the step hides are shown with the first. */
  function answer() {
    const next = parts("answer").find((part) => !part.open);
    if (next) next.open = true;
    else for (const part of parts("answer")) part.open = false;
    numbers(Boolean(next));
    (next ?? steps[at]).scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }

  function numbers(shown) {
    for (const explorer of steps[at].querySelectorAll("receptive-explorer[hide]")) {
      explorer.dataset.hide ??= explorer.getAttribute("hide");
      explorer.setAttribute("hide", shown ? explorer.dataset.hide.replace("numbers", "") : explorer.dataset.hide);
    }
  }

  function note() {
    for (const part of parts("notes")) part.classList.toggle("lesson-shown", (part.open = !part.open));
  }

  function open() {
    notes = window.open("", "lesson-notes", "width=640,height=720");
    write();
  }

  function write() {
    if (!notes || notes.closed) return;
    notes.document.title = "Notes of the lesson";
    notes.document.documentElement.lang = "en";
    notes.document.body.style.cssText = "font: 20px/1.5 system-ui, sans-serif; margin: 1.2em; max-width: 40em";
    const title = (step) => step?.querySelector("h1, h2, h3").firstChild.textContent ?? "the end";
    const own = parts("notes").map((part) => part.innerHTML.replace(/<summary>.*?<\/summary>/, "")).join("");
    notes.document.body.innerHTML = `<h1 style="font-size: 1.3em"></h1>${own}<p><b>Then:</b> <span id="then"></span></p><p id="clock"></p>`;
    notes.document.querySelector("h1").textContent = title(steps[at]);
    notes.document.getElementById("then").textContent = title(steps[at + 1]);
    tick();
  }

  function tick() {
    const passed = Math.floor((Date.now() - started) / 60000);
    const planned = minutes.slice(0, at + 1).reduce((a, b) => a + b, 0);
    place.textContent = `${at + 1} / ${steps.length}`;
    clock.textContent = `minute ${passed}; this step ends at ${planned}`;
    const own = notes && !notes.closed && notes.document.getElementById("clock");
    if (own) own.textContent = clock.textContent;
  }

  const KEYS = {
    ArrowRight: () => go(at + 1), PageDown: () => go(at + 1), ArrowLeft: () => go(at - 1), PageUp: () => go(at - 1),
    a: answer, n: note, w: open, Escape: end,
  };

  document.querySelector(".lesson-begin").addEventListener("click", begin);
  if (performance.getEntriesByType("navigation")[0]?.type === "reload" && begun()) begin();
  document.addEventListener("fullscreenchange", () => !document.fullscreenElement && running() && end());
  document.addEventListener("keydown", (event) => {
    if (!running() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea, dialog")) return; // there a letter is a letter
    const action = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  });
})();
