/* <grow-field>: a list of layers, and beside it a picture that follows the scrolling: the box on the digit, the cone in the
   side view. Each item carries its numbers: of its field the size and where it begins, and of its layer the step between
   neighbours' fields, how far that of unit 0 begins before the image, and how many units there are. */
((S6Live) => {
  "use strict";

  const { h, s, digits, whenNear } = S6Live;
  const SIDE = 28; // pixels of the image
  const LEVEL = 6.4; // between two layers of the side view, in pixels of the image

  const mix = (a, b, share) => a + (b - a) * share;
  const middle = (layer, unit) => unit * layer.step - layer.padding + layer.size / 2;
  const IMAGE = { name: "image", size: 1, step: 1, padding: 0, units: SIDE, low: 14 };

  /** The first and the last unit of a layer whose fields lie within a box. */
  const within = (layer, { low, size }) => [(low + layer.padding) / layer.step, (low + size - layer.size + layer.padding) / layer.step];

  /** Both pictures of a state between two layers: the box on the image, and the cone from the unit down to its pixels. */
  class Picture {
    constructor(layers, pixels) {
      this.layers = layers;
      this.height = LEVEL * (layers.length - 1);
      this.box = s("rect", { class: "gf-box" });
      this.size = s("text", { class: "gf-size" });
      this.cone = s("polygon", { class: "gf-cone" });
      this.dots = layers.map((layer, at) => Array.from({ length: layer.units }, (_, unit) => s("circle", { cx: middle(layer, unit), cy: this.y(at) })));
      const ink = Array.from(pixels, (value, at) => value && s("rect", { x: at % SIDE, y: Math.floor(at / SIDE), width: 1.02, height: 1.02, "fill-opacity": (value / 255).toFixed(2) })).filter(Boolean);
      const image = s("svg", { viewBox: `-1 -1 ${SIDE + 2} ${SIDE + 2}` }, s("rect", { class: "gf-paper", width: SIDE, height: SIDE }), s("g", { class: "gf-ink" }, ...ink), this.box, this.size);
      const names = layers.map(({ name }, at) => s("text", { class: "gf-name", x: SIDE + 1.4, y: this.y(at) }, name));
      const side = s("svg", { viewBox: `-1 -2 ${SIDE + 9} ${this.height + 4}` }, this.cone, ...this.dots.flat(), ...names);
      this.element = h("div", { class: "gf-picture", "aria-hidden": "true" }, image, side);
    }

    y(at) {
      return this.height - LEVEL * at;
    }

    /** The ends of the cone at each level, from the image up to a layer: the middles of the outermost units it reads. */
    ends(at) {
      return this.layers.slice(0, at + 1).map((layer) => within(layer, this.layers[at]).map((unit) => middle(layer, unit)));
    }

    draw(progress) {
      const lower = Math.min(Math.floor(progress), this.layers.length - 1);
      const upper = Math.min(lower + 1, this.layers.length - 1);
      const share = progress - lower;
      const [from, to] = [this.layers[lower], this.layers[upper]];
      const [low, size] = ["low", "size"].map((name) => mix(from[name], to[name], share));
      const set = (element, values) => Object.entries(values).forEach(([name, value]) => element.setAttribute(name, value));
      set(this.box, { x: low, y: low, width: size, height: size });
      set(this.size, { x: low + size / 2, y: low - 0.6 });
      const nearest = share < 0.5 ? lower : upper;
      const near = this.layers[nearest];
      this.size.textContent = `${near.size} × ${near.size}`;
      const wide = this.ends(upper);
      const spans = this.ends(lower).map((ends, at) => ends.map((end, side) => mix(end, wide[at][side], share)));
      const top = low + size / 2;
      const left = spans.map(([x], at) => `${x},${this.y(at)}`);
      const right = spans.map(([, x], at) => `${x},${this.y(at)}`).reverse();
      this.cone.setAttribute("points", [...left, `${top},${this.y(mix(lower, upper, share))}`, ...right].join(" "));
      this.dots.forEach((row, at) => {
        const [first, last] = at <= nearest ? within(this.layers[at], near) : [1, 0];
        row.forEach((dot, unit) => dot.setAttribute("class", unit >= first && unit <= last ? "gf-dot gf-on" : "gf-dot"));
      });
    }
  }

  class GrowField extends HTMLElement {
    connectedCallback() {
      if (this.items) return;
      this.items = [...this.querySelectorAll("li")];
      const numbers = ["size", "low", "step", "padding", "units"];
      const read = ({ dataset }) => ({ name: dataset.name, ...Object.fromEntries(numbers.map((name) => [name, Number(dataset[name])])) });
      this.layers = [IMAGE, ...this.items.map(read)];
      whenNear(this, () => this.wake());
    }

    async wake() {
      const known = await digits();
      const { image } = known.find(({ label }) => String(label) === this.getAttribute("digit")) ?? known[0];
      this.items.forEach((item, at) => {
        const still = new Picture(this.layers, image);
        still.draw(at + 1);
        still.element.classList.add("gf-still");
        item.append(still.element);
      });
      this.picture = new Picture(this.layers, image);
      this.picture.element.classList.add("gf-moving");
      this.prepend(this.picture.element);
      let asked = null;
      const ask = () => {
        asked ??= requestAnimationFrame(() => {
          asked = null;
          this.follow();
        });
      };
      addEventListener("scroll", ask, { passive: true });
      addEventListener("resize", ask);
      this.follow();
    }

    /** Where the reading line lies among the items: 0 before the first, n at the middle of the last. */
    follow() {
      const line = innerHeight * 0.7;
      const middles = this.items.map((item) => {
        const { top, height } = item.getBoundingClientRect();
        return top + height / 2;
      });
      const passed = middles.filter((y) => y <= line).length;
      const start = passed ? middles[passed - 1] : middles[0] - this.items[0].offsetHeight;
      const share = passed < middles.length ? Math.max(0, (line - start) / (middles[passed] - start)) : 0;
      this.picture.draw(passed + share);
      this.items.forEach((item, at) => item.classList.toggle("gf-now", at + 1 === Math.max(1, Math.round(passed + share))));
    }
  }

  customElements.define("grow-field", GrowField);
})((window.S6Live ??= {}));
