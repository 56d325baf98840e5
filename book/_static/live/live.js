/* What the live components share: making elements, loading data when it is needed, full screen. Classic scripts only, so
   that a page works from the file system; data is a script as well, for a file may not fetch. */
((S6Live) => {
  "use strict";

  const HERE = document.currentScript.src;
  const SHARED = ["digits"]; // beside this file; all else is exported from results/ while the book is built
  const waiting = {};

  /** Resolve to what is stored under a name, loaded once. */
  function data(name) {
    const file = `${encodeURIComponent(name)}.js`;
    return (waiting[name] ??= new Promise((resolve, reject) => {
      const src = new URL(SHARED.includes(name) ? file : `../live-data/${file}`, HERE).href;
      const give = () => resolve(S6Live.stored[name]);
      document.head.append(h("script", { src, onload: give, onerror: () => reject(new Error(`${src} could not be loaded`)) }));
    }));
  }

  const opened = {};
  const net = (variant) => (opened[variant] ??= data(`net-${variant}`).then(S6Live.open));

  /** The test digits: {label, index, hard, image: 784 bytes}. */
  const digits = async () => {
    const { labels, index, hard, pixels } = await data("digits");
    const all = S6Live.bytes(pixels);
    return labels.map((label, at) => ({ label, index: index[at], hard: at >= labels.length - hard, image: all.subarray(784 * at, 784 * (at + 1)) }));
  };

  /** An HTML element with attributes (functions become listeners) and children. */
  function h(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name.slice(2), value);
      else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  }

  /** The same in SVG. */
  function s(tag, attributes = {}, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  /** Call back once, when an element comes near to what one sees. */
  function whenNear(element, wake) {
    const watcher = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      watcher.disconnect();
      wake();
    }, { rootMargin: "300px" });
    watcher.observe(element);
  }

  let created = 0;

  /** A component: `build()` at once, without data; `wake()` when it comes into view. */
  class Live extends HTMLElement {
    connectedCallback() {
      if (this.ident) return;
      this.ident = `live-${++created}`;
      this.classList.add("live");
      this.setAttribute("role", "group");
      this.setAttribute("aria-label", this.constructor.label);
      this.status = h("p", { class: "lv-hidden", role: "status" });
      this.body = h("div", { class: "lv-body", "aria-busy": "true" });
      this.replaceChildren(this.body, this.status, this.fullScreen());
      this.build();
      whenNear(this, () => this.wake().then(
        () => this.body.removeAttribute("aria-busy"),
        (error) => this.body.replaceChildren(h("p", { class: "lv-fault", role: "alert" }, `This part of the page did not load: ${error.message}.`)),
      ));
    }

    async wake() {}

    fullScreen() {
      const button = h("button", { type: "button", class: "lv-full", onclick: () => (document.fullscreenElement ? document.exitFullscreen() : this.requestFullscreen()) });
      const name = () => button.replaceChildren(document.fullscreenElement === this ? "Leave full screen" : "Full screen");
      this.addEventListener("fullscreenchange", name);
      name();
      button.hidden = !document.fullscreenEnabled;
      return button;
    }

    /** Tell whoever cannot see it, once it has been true for a moment. */
    say(text) {
      clearTimeout(this.saying);
      this.saying = setTimeout(() => this.status.textContent !== text && (this.status.textContent = text), 600);
    }
  }

  /** Draw values 0 to 1 as black ink of that opacity; the style sheet inverts it on a dark page. */
  function paint(canvas, values, width, height = values.length / width) {
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(width, height);
    for (let at = 0; at < values.length; at++) pixels.data[4 * at + 3] = 255 * values[at];
    context.putImageData(pixels, 0, 0);
  }

  const paintBytes = (canvas, image) => paint(canvas, Float32Array.from(image, (value) => value / 255), 28);

  /** Random numbers from 0 to 1 with a seed, the same on every machine: xorshift (Marsaglia 2003), a seed well mixed. */
  function random(seed) {
    let state = (Math.imul((seed >>> 0) + 1, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
    const next = () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state = (state ^ (state << 5)) >>> 0;
      return state / 2 ** 32;
    };
    for (let skipped = 0; skipped < 16; skipped++) next();
    return next;
  }

  const percent = (share) => `${(100 * share).toFixed(share > 0.9995 || share < 0.0005 ? 0 : share > 0.995 || share < 0.1 ? 1 : 0)}%`;
  const largest = (values) => values.reduce((best, value, at) => (value > values[best] ? at : best), 0);
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));

  Object.assign(S6Live, { data, net, digits, h, s, whenNear, Live, paint, paintBytes, random, percent, largest, calm, wait });
})((window.S6Live ??= {}));
