/* One layer's map: a canvas, the box of the chosen unit, and a grid of which only the current unit is an element.
   (A VGG has 150,000 units; a roving cell keeps the page light and is what a screen reader is told of.) */
((S6Receptive) => {
  "use strict";

  const { h } = S6Receptive;
  const clamp = (value, length) => Math.min(Math.max(value, 0), length - 1);
  const percent = (part, whole) => `${(100 * part) / whole}%`;

  class Grid {
    /** `choose(row, column)` is called when a unit is pointed at or moved to; `leap(step)` to go to another map,
        `play()` to trace the box back. */
    constructor({ name, recipe, record, border, hint, choose, leap, play }) {
      Object.assign(this, { name, length: record.output, border, choose, leap, play, unit: [0, 0] });
      this.canvas = h("canvas", { "aria-hidden": "true" });
      this.box = h("div", { class: "rx-box", "aria-hidden": "true", hidden: true });
      this.seen = h("div", { class: "rx-seen", "aria-hidden": "true", hidden: true });
      this.cell = h("div", { role: "gridcell", tabindex: 0, class: "rx-unit", onkeydown: (event) => this.key(event), onfocus: () => this.focused() });
      this.row = h("div", { role: "row" }, this.cell);
      const size = `${this.length} × ${this.length}`;
      this.frame = h("div", {
        role: "grid", class: "rx-grid", "aria-label": `${name}: ${size} units`, "aria-describedby": hint,
        "aria-rowcount": this.length, "aria-colcount": this.length,
        onpointerdown: (event) => this.point(event, true), onpointermove: (event) => this.point(event),
      }, this.canvas, this.box, this.seen, this.row);
      this.element = h("div", { class: "rx-map" },
        h("div", { class: "rx-map-head" }, h("b", {}, name), h("span", {}, recipe)),
        this.frame,
        h("div", { class: "rx-map-foot" }, h("span", {}, size), h("span", { title: "receptive field" }, `field ${record.size}`)));
      this.put(this.canvas, 0, 0, this.length, this.length);
    }

    /** Place an element over rows and columns of units, from `row`, `column` on. */
    put(element, row, column, height, width) {
      const whole = this.length + 2 * this.border;
      Object.assign(element.style, {
        top: percent(row + this.border, whole), left: percent(column + this.border, whole),
        height: percent(height, whole), width: percent(width, whole),
      });
    }

    /** Move the cell to a unit. */
    stand([row, column], chosen) {
      this.unit = [row, column];
      this.put(this.cell, row, column, 1, 1);
      this.row.setAttribute("aria-rowindex", row + 1);
      this.cell.setAttribute("aria-colindex", column + 1);
      this.cell.setAttribute("aria-selected", chosen);
      this.cell.setAttribute("aria-label", `${this.name}, unit (${row}, ${column})`);
      this.element.classList.toggle("rx-map-chosen", chosen);
    }

    /** Show what the chosen unit, of a later layer, sees of this map; null for nothing. */
    show(vertical, horizontal) {
      this.box.hidden = this.seen.hidden = !vertical;
      if (!vertical) return;
      this.put(this.box, vertical.start, horizontal.start, vertical.end - vertical.start + 1, horizontal.end - horizontal.start + 1);
      const [height, width] = [vertical.last - vertical.first + 1, horizontal.last - horizontal.first + 1];
      this.put(this.seen, vertical.first, horizontal.first, height, width);
      this.seen.hidden = height < 1 || width < 1;
    }

    point(event, down) {
      const area = this.frame.getBoundingClientRect();
      const whole = this.length + 2 * this.border;
      const at = (position, start, extent) => clamp(Math.floor(((position - start) / extent) * whole - this.border), this.length);
      const [row, column] = [at(event.clientY, area.top, area.height), at(event.clientX, area.left, area.width)];
      if (down) {
        event.preventDefault(); // the focus goes to the cell, not to what lies under the pointer
        this.stand([row, column], true);
        this.cell.focus({ preventScroll: true });
      }
      this.choose(row, column);
    }

    /** The keyboard has come here: the unit that the cell stands on is chosen. */
    focused() {
      this.choose(...this.unit);
    }

    key(event) {
      const [row, column] = this.unit;
      const last = this.length - 1;
      const far = event.ctrlKey || event.metaKey;
      const moves = {
        ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1],
        Home: [far ? 0 : row, 0], End: [far ? last : row, last],
      };
      if (event.altKey) return;
      if (event.key in moves) this.choose(...moves[event.key].map((value) => clamp(value, this.length)));
      else if (event.key === "PageUp") this.leap(-1);
      else if (event.key === "PageDown") this.leap(1);
      else if (event.key === "Enter" || event.key === " ") this.play();
      else return;
      event.preventDefault();
    }
  }

  Object.assign(S6Receptive, { Grid });
})((window.S6Receptive ??= {}));
