/* The side view: a line of dots per map, each unit at its centre over the image, pixels at the bottom; the cones are
   what the chosen unit sees, one from every map to each map that it reads. */
((S6Receptive) => {
  "use strict";

  const clamp = (value, length) => Math.min(Math.max(value, 0), length - 1);
  const rect = (kind, x, y, width, height, more = "") => `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}"${more}/>`;

  class Section {
    /** `shown` are the rows that have a line, from the bottom; `levels` what the unit sees, as `trace` returns it;
        `reveal` the lowest line that is to show it; `em` the height of the letters. */
    constructor({ id, records, shown, names, levels, selected, reveal, pixels, border, width, height, weigh, em }) {
      Object.assign(this, { id, records, names, levels, selected, reveal, pixels, border, width, height, weigh, em });
      this.lines = [-1, ...shown]; // the row of each line; −1 is the image
      this.top = this.lines.indexOf(selected); // the line of the unit
      this.left = Math.min(6.3 * em, (em > 16 ? 0.26 : 0.2) * width);
      this.margin = [2 * em, 2 * em]; // above, below
      this.right = 2.8 * em;
      this.length = pixels.length;
      this.pitch = (height - this.margin[0] - this.margin[1]) / Math.max(shown.length, 1);
      this.scale = (width - this.left - this.right) / (this.length + 2 * border);
      this.thick = Math.min(0.75 * em, 0.42 * this.pitch);
    }

    x(pixel) { return this.left + (pixel + 0.5 + this.border) * this.scale; } // the middle of a pixel
    y(line) { return this.height - this.margin[1] - line * this.pitch; }
    stride(row) { return row < 0 ? 1 : this.records[row].stride; }
    count(row) { return row < 0 ? this.length : this.records[row].output; }
    centre(row, unit) {
      if (row < 0) return unit;
      const [start, end] = this.records[row].box(unit);
      return (start + end) / 2;
    }
    dot(row) { return Math.min(0.34 * this.stride(row) * this.scale, this.thick / 2 + 0.5); }

    /** The lines that a row reads, past the rows that have none. */
    sources(row) {
      return this.records[row].inputs.flatMap((input) => (this.lines.includes(input) ? [this.lines.indexOf(input)] : this.sources(input)));
    }

    edges(row, { start, end }) {
      const half = Math.min(this.stride(row), this.length) / 2;
      return [this.x(this.centre(row, start) - half), this.x(this.centre(row, end) + half)];
    }

    cones() {
      let svg = "";
      for (let line = this.top; line > 0 && line > this.reveal; line--) {
        const row = this.lines[line];
        if (!this.levels[row + 1]) continue;
        const [a, b] = this.edges(row, this.levels[row + 1]);
        for (const below of this.sources(row)) {
          if (below < this.reveal) continue;
          const source = this.lines[below];
          const one = this.sources(row).length > 1 ? this.through(row, source) : this.levels[source + 1];
          const [c, d] = this.edges(source, one);
          const [high, low] = [this.y(line), this.y(below)];
          svg += `<path class="rx-cone" d="M${a} ${high}H${b}L${d} ${low}H${c}Z"/>` +
            `<path class="rx-side" d="M${a} ${high}L${c} ${low}M${b} ${high}L${d} ${low}"/>`;
        }
      }
      return svg;
    }

    /** What a sum of branches reads of one of them: the same units. */
    through(row, source) {
      const { start, end } = this.levels[row + 1];
      return this.count(source) === this.count(row) ? { start, end } : this.levels[source + 1];
    }

    bar(row, line, from, to, kind) {
      const half = Math.max(this.dot(row), 1.2);
      const [a, b] = [from, to].map((unit) => this.x(this.centre(row, unit)));
      return rect(kind, a - half, this.y(line) - this.thick / 2, b - a + 2 * half, this.thick, ` rx="${Math.min(half, this.thick / 2)}"`);
    }

    image(level) {
      const [y, tall] = [this.y(0), this.em];
      let svg = rect("rx-pixels", this.x(-0.5), y - tall / 2, this.length * this.scale, tall);
      this.pixels.forEach((ink, at) => {
        if (ink > 0.02) svg += rect("rx-ink", this.x(at - 0.5), y - tall / 2, this.scale + 0.2, tall, ` opacity="${ink.toFixed(2)}"`);
      });
      if (!level) return svg;
      const { start, end, first, last } = level;
      svg += rect("rx-box-line", this.x(start - 0.5), y - 0.75 * tall, (end - start + 1) * this.scale, 1.5 * tall);
      if (first <= last) svg += rect("rx-seen-line", this.x(first - 0.5), y - 0.75 * tall, (last - first + 1) * this.scale, 1.5 * tall);
      return svg;
    }

    dots(row, line, level) {
      const count = this.count(row);
      if (this.stride(row) * this.scale < 4) { // too dense for dots
        const seen = level && level.first <= level.last;
        return this.bar(row, line, 0, count - 1, "rx-dots") + (seen ? this.bar(row, line, level.first, level.last, "rx-dots rx-on") : "");
      }
      const padding = this.records.find(({ inputs }) => inputs?.includes(row))?.window.padding ?? 0;
      let svg = "";
      for (let unit = -padding; unit < count + padding; unit++) {
        const real = unit >= 0 && unit < count;
        const paths = level && real ? level.paths[unit] : 0;
        const kind = real ? (paths ? "rx-dot rx-on" : "rx-dot") : "rx-dot rx-hollow";
        const shade = paths && this.weigh ? ` opacity="${(0.15 + 0.85 * paths).toFixed(2)}"` : "";
        svg += `<circle class="${kind}" cx="${this.x(this.centre(row, unit))}" cy="${this.y(line)}" r="${this.dot(row)}"${shade}/>`;
      }
      return svg;
    }

    words(row, line, level, every) {
      const chosen = row === this.selected;
      if (line % every && !chosen) return "";
      const size = level ? level.last - level.first + 1 : "";
      const y = this.y(line) + this.em / 3;
      return `<text class="rx-name${chosen ? " rx-name-chosen" : ""}" x="${this.left - 0.7 * this.em}" y="${y}">${row < 0 ? "image" : this.names[row]}</text>` +
        `<text class="rx-size rx-number" x="${this.width - 4}" y="${y}">${size}</text>`;
    }

    svg() {
      const { levels, top } = this;
      let svg = `<defs>${S6Receptive.hatch(this.id, 7)}</defs>`;
      for (const x of this.border ? [this.left, this.x(this.length - 0.5)] : []) {
        svg += `<rect fill="url(#${this.id})" x="${x}" y="${this.margin[0] / 2}" width="${this.border * this.scale}" height="${this.height - this.margin[0]}"/>`;
      }
      if (levels) svg += this.cones();
      const every = Math.ceil((1.15 * this.em) / this.pitch);
      for (let line = this.lines.length - 1; line >= 0; line--) {
        const row = this.lines[line];
        const above = levels && line > top;
        const level = levels && !above && line >= this.reveal ? levels[row + 1] : null;
        svg += `<g class="${above ? "rx-above" : ""}">${row < 0 ? this.image(level) : this.dots(row, line, level)}` +
          `${levels && line === top ? this.unit(row, line) : ""}${this.words(row, line, level, every)}</g>`;
      }
      if (levels) svg += `<text class="rx-name rx-number" x="${this.width - 4}" y="${this.y(top) - this.em}">columns</text>`;
      return svg;
    }

    unit(row, line) {
      const x = this.x(this.centre(row, this.levels[row + 1].start));
      return `<circle class="rx-chosen" cx="${x}" cy="${this.y(line)}" r="${Math.max(this.dot(row), this.em / 4) + 1.5}"/>`;
    }

    /** The {row, unit} nearest to a point, or null. */
    at(x, y) {
      const line = Math.round((this.height - this.margin[1] - y) / this.pitch);
      const row = this.lines[line];
      if (!(row >= 0) || x < this.left) return null;
      const unit = Math.round(((x - this.left) / this.scale - this.border - 0.5 - this.centre(row, 0)) / this.stride(row));
      return { row, unit: clamp(unit, this.count(row)) };
    }
  }

  Object.assign(S6Receptive, { Section });
})((window.S6Receptive ??= {}));
