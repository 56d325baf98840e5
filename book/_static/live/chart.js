/* A chart drawn at the size it has on the screen, so that its text never shrinks with it. */
((S6Live) => {
  "use strict";

  const { h, s } = S6Live;

  /** A function from values low…high to places from…to. */
  const scale = (low, high, from, to) => (value) => from + ((value - low) / (high - low)) * (to - from);

  class Chart {
    /** `draw(width, height, em)` returns the SVG elements; the height is in em. */
    constructor(label, height, draw) {
      this.svg = s("svg", { role: "img", "aria-label": label, style: `block-size: ${height}em` });
      this.element = h("div", { class: "lv-chart" }, this.svg);
      [this.height, this.paint] = [height, draw];
      new ResizeObserver(() => this.draw()).observe(this.element);
    }

    label(text) {
      this.svg.setAttribute("aria-label", text);
    }

    draw() {
      const width = this.element.clientWidth;
      if (!width) return;
      const em = parseFloat(getComputedStyle(this.svg).fontSize);
      const height = this.height * em;
      this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      this.svg.style.blockSize = `${height}px`;
      this.svg.replaceChildren(...this.paint(width, height, em));
    }
  }

  /** A step of 1, 2 or 5 times a power of ten that cuts a range into about `count` parts. */
  function step(range, count) {
    const rough = range / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  }

  /** The round values within a range, about `count` of them, and how many decimals they need. */
  function ticks(low, high, count) {
    const by = step(high - low, count);
    const decimals = Math.max(0, -Math.floor(Math.log10(by) + 1e-9));
    const first = Math.ceil(low / by - 1e-9);
    const values = Array.from({ length: Math.floor(high / by + 1e-9) - first + 1 }, (_, n) => (first + n) * by);
    return values.map((value) => [value, value.toFixed(decimals)]);
  }

  Object.assign(S6Live, { Chart, scale, ticks });
})((window.S6Live ??= {}));
