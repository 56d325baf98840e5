/* One layer's map: a canvas, the box of the chosen unit, and a grid of which only the current unit is an element.
   (A VGG has 150,000 units; a roving cell keeps the page light and is what a screen reader is told of.) */
((S6Receptive) => {
  "use strict";

  const { h } = S6Receptive;
  const clamp = (value, length) => Math.min(Math.max(value, 0), length - 1);
  const percent = (part, whole) => `${(100 * part) / whole}%`;

  class Grid {
    /** `size` and `border` are [vertical, horizontal]. `preview([row, column] | null)` is called when a unit is pointed
        at, `pin([row, column])` when it is chosen, `leap(step)` to go to another map, `play()` to trace the box back. */
    constructor({ name, recipe, size, field, border, hint, on }) {
      Object.assign(this, { name, size, border, on, unit: [0, 0] });
      this.canvas = h("canvas", { "aria-hidden": "true" });
      this.box = h("div", { class: "rx-box", "aria-hidden": "true", hidden: true });
      this.seen = h("div", { class: "rx-seen", "aria-hidden": "true", hidden: true });
      this.cell = h("div", {
        role: "gridcell", tabindex: 0, class: "rx-unit", onkeydown: (event) => this.key(event),
        onfocus: () => this.pressed || on.preview(this.unit), onblur: () => on.preview(null),
      });
      this.row = h("div", { role: "row" }, this.cell);
      const units = `${size[0]} × ${size[1]}`;
      this.frame = h("div", {
        role: "grid", class: "rx-grid", "aria-label": `${name}: ${units} units`, "aria-describedby": hint,
        "aria-rowcount": size[0], "aria-colcount": size[1], style: `aspect-ratio: ${size[1] + 2 * border[1]} / ${size[0] + 2 * border[0]}`,
        onpointerdown: (event) => this.press(event), onpointermove: (event) => this.point(event),
        onpointerleave: () => on.preview(null),
      }, this.canvas, this.box, this.seen, this.row);
      this.element = h("div", { class: "rx-map" },
        h("div", { class: "rx-map-head" }, h("b", { title: name }, name), h("span", { title: recipe }, recipe)),
        this.frame,
        h("div", { class: "rx-map-foot" }, h("span", {}, units), h("span", { class: "rx-number", title: "receptive field" }, `field ${field}`)));
      this.put(this.canvas, [0, 0], size);
    }

    /** Place an element over rows and columns of units, from `corner` on. */
    put(element, [row, column], [height, width]) {
      const [high, wide] = [0, 1].map((axis) => this.size[axis] + 2 * this.border[axis]);
      Object.assign(element.style, {
        top: percent(row + this.border[0], high), left: percent(column + this.border[1], wide),
        height: percent(height, high), width: percent(width, wide),
      });
    }

    /** Move the cell to a unit. */
    stand([row, column], chosen, pinned) {
      this.unit = [row, column];
      this.put(this.cell, this.unit, [1, 1]);
      this.row.setAttribute("aria-rowindex", row + 1);
      this.cell.setAttribute("aria-colindex", column + 1);
      this.cell.setAttribute("aria-selected", chosen);
      this.cell.setAttribute("aria-label", `${this.name}, unit (${row}, ${column})`);
      this.element.classList.toggle("rx-map-chosen", chosen);
      this.element.classList.toggle("rx-map-pinned", pinned);
    }

    /** Show what the chosen unit, of a later layer, sees of this map; null for nothing. */
    show(vertical, horizontal) {
      this.box.hidden = this.seen.hidden = !vertical;
      if (!vertical) return;
      const axes = [vertical, horizontal];
      this.put(this.box, axes.map(({ start }) => start), axes.map(({ start, end }) => end - start + 1));
      const extent = axes.map(({ first, last }) => last - first + 1);
      this.put(this.seen, axes.map(({ first }) => first), extent);
      this.seen.hidden = Math.min(...extent) < 1;
    }

    /** The unit below the pointer. */
    below(event) {
      const area = this.frame.getBoundingClientRect();
      const at = (axis, position, start, extent) =>
        clamp(Math.floor(((position - start) / extent) * (this.size[axis] + 2 * this.border[axis]) - this.border[axis]), this.size[axis]);
      return [at(0, event.clientY, area.top, area.height), at(1, event.clientX, area.left, area.width)];
    }

    press(event) {
      event.preventDefault(); // the focus goes to the cell, not to what lies under the pointer
      const unit = this.below(event);
      this.pressed = true;
      this.cell.focus({ preventScroll: true });
      this.pressed = false;
      this.on.pin(unit);
    }

    point(event) {
      if (event.buttons) this.on.pin(this.below(event)); // drawing with the button, or a finger, down
      else if (event.pointerType !== "touch") this.on.preview(this.below(event));
    }

    key(event) {
      const [row, column] = this.unit;
      const [low, right] = this.size.map((length) => length - 1);
      const far = event.ctrlKey || event.metaKey;
      const moves = {
        ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
        Home: [far ? 0 : row, 0], End: [far ? low : row, right],
      };
      if (event.altKey) return;
      if (event.key in moves) this.on.pin(moves[event.key].map((value, axis) => clamp(value, this.size[axis])));
      else if (event.key === "PageUp") this.on.leap(-1);
      else if (event.key === "PageDown") this.on.leap(1);
      else if (event.key === "Enter" || event.key === " ") {
        this.on.pin(this.unit);
        if (event.key === "Enter") this.on.play();
      } else return;
      event.preventDefault();
    }
  }

  Object.assign(S6Receptive, { Grid });
})((window.S6Receptive ??= {}));
