/* How an explorer draws its state: the image, the maps, the side view, the words. What changes the state is in explorer.js. */
((S6Receptive) => {
  "use strict";

  const { trace, Grid, Section } = S6Receptive;
  const clamp = (value, length) => Math.min(Math.max(value, 0), length - 1);
  const EQUAL = "All weights are equal here, none is trained: every unit is the mean of what it reads (a max pool’s, the largest). So a map blurs as its field grows.";

  const TRAINED = "One channel of each map of the trained reference net, behind its ReLU: what a kernel has learnt to look for. Ink: a large value.";

  class View extends HTMLElement {
    buildMaps() {
      const margins = [this.vertical, this.records].map(S6Receptive.margins);
      this.border = Math.max(margins[0][0], margins[1][0]);
      this.grids = new Map(this.shown.map((at, place) => [at, new Grid({
        name: this.names[at], recipe: S6Receptive.recipe(this.rows[at]), size: [this.vertical[at].output, this.records[at].output],
        field: this.editor.result("size", this.vertical[at], this.records[at]), border: margins.map((margin) => margin[at + 1]), hint: `${this.key}-hint`,
        on: { preview: (unit) => this.preview(unit && at, unit), pin: (unit) => this.pin(at, unit), leap: (step) => this.leap(place + step), play: () => this.grow() },
      })]));
      const count = this.shown.length;
      this.maps.style.setProperty("--rx-columns", Math.ceil(count / Math.ceil(count / 9)) || 1);
      let large = 1; // columns on a projector, whose maps have 780 × 800 of 1920 × 1080 pixels, names of 45 above them
      while (large < count && Math.ceil(count / large) * (780 / large + 45) > 800) large++;
      this.maps.style.setProperty("--rx-columns-large", large);
      this.maps.replaceChildren(...[...this.grids.values()].map(({ element }) => element));
      const chosen = this.grids.get(this.selected)?.element; // in the strip of a phone, bring it into view
      if (chosen) this.maps.scrollLeft = chosen.offsetLeft - (this.maps.clientWidth - chosen.clientWidth) / 2;
    }

    /** Draw the digit's maps, then the chosen unit. */
    show({ digit = this.digit, paths = this.paths }) {
      Object.assign(this, { digit, paths });
      this.digits[digit].firstChild.checked = true;
      this.pathsBox.checked = paths;
      this.image = S6Receptive.place(S6Receptive.digits[digit], this.inputSize);
      S6Receptive.draw(this.canvas, this.image, this.inputSize);
      this.values().forEach((values, at) => {
        if (values && this.grids.has(at)) S6Receptive.draw(this.grids.get(at).canvas, values, this.records[at].output);
      });
      const frame = this.inputSize + 2 * this.border;
      for (const canvas of [this.canvas, this.heat]) {
        Object.assign(canvas.style, { inset: `${(100 * this.border) / frame}%`, width: `${(100 * this.inputSize) / frame}%`, height: `${(100 * this.inputSize) / frame}%` });
      }
      this.overlay.setAttribute("viewBox", `${-this.border} ${-this.border} ${frame} ${frame}`);
      const { index } = S6Receptive.digits[digit];
      const enlarged = this.inputSize >= 56 ? `, enlarged ${Math.floor(this.inputSize / 28)} times` : "";
      const border = this.border ? "; hatched: padding" : "";
      this.caption.textContent = `The image, ${this.inputSize} × ${this.inputSize} pixels: MNIST test image ${index}${enlarged}${border}`;
      this.learnt.hidden = this.preset.value !== "reference";
      this.channelLabel.hidden = !this.net;
      this.said.textContent = this.net && !this.learnt.hidden ? TRAINED : EQUAL;
      this.choose(this.selected, this.unit);
    }

    /** What the maps show: the trained net's channel where the stack is that net, else everything with equal weights. */
    values() {
      if (this.net && this.preset.value === "reference") {
        return S6Receptive.channels(this.net, this.names, S6Receptive.digits[this.digit], Math.abs(Math.round(this.channel.value)) || 0);
      }
      return S6Receptive.activations(this.rows, this.records, this.image, this.vertical);
    }

    /** Draw all that depends on a unit, from the line `reveal` of the side view upwards. */
    choose(looking, unit, reveal = 0) {
      if (reveal === 0) clearInterval(this.growing);
      Object.assign(this, { looking, lookingAt: unit, reveal });
      const axes = looking < 0 ? null : [this.vertical, this.records];
      [this.down, this.across] = axes ? axes.map((records, axis) => trace(records, looking, unit[axis])) : [null, null];
      this.drawMaps(looking, unit, reveal);
      this.drawImage(axes, looking, unit, reveal);
      this.editor.show([this.vertical, this.records], this.names, looking);
      this.drawSection();
      this.play.setAttribute("aria-disabled", !axes);
      if (axes && reveal === 0) this.describe(axes, looking, unit);
      if (axes) this.way.textContent = S6Receptive.wayBack(this.names, this.down, this.across, this.rows.map((_, at) => this.grids.has(at)));
      else {
        const errors = this.rows.map((_, at) => this.records[at].error ?? this.vertical[at].error);
        const wrong = errors.findIndex(Boolean);
        this.readout.textContent = !this.rows.length ? "No layer yet: add one below."
          : wrong >= 0 ? `${this.names[wrong]}: ${errors[wrong]}` : "No layer with a map of its own yet: add one below.";
        this.way.textContent = "";
      }
    }

    describe(axes, looking, unit) {
      const read = this.ways ? this.ways.reduce((count, way) => count + (way > 0), 0)
        : [this.down, this.across].map(([{ paths }]) => paths.filter((count) => count > 0).length).reduce((a, b) => a * b);
      const mixing = this.rows.findIndex((row, at) => row.mixes && this.across[at + 1]);
      this.readout.textContent = S6Receptive.describe(this.names[looking], unit, this.down[0], this.across[0], this.inputSize, {
        pixels: read, mixes: mixing < 0 ? null : this.names[mixing],
        shortest: axes.map((records, axis) => records[looking].shortest(unit[axis])).map(([start, end]) => end - start + 1),
      });
    }

    drawMaps(looking, unit, reveal) {
      const top = this.shown.indexOf(looking) + 1;
      const centre = (records, at, index) => records[at].box(index).reduce((a, b) => a + b) / 2;
      [...this.grids].forEach(([at, grid], place) => {
        const near = (records, index, length) => clamp(Math.round((centre(records, looking, index) - centre(records, at, 0)) / records[at].stride), length);
        const own = at === looking ? unit : [near(this.vertical, unit[0], grid.size[0]), near(this.records, unit[1], grid.size[1])];
        grid.stand(own, at === looking, at === this.selected);
        const visible = place + 1 < top && place + 1 >= reveal && this.across[at + 1];
        grid.show(visible ? this.down[at + 1] : null, visible ? this.across[at + 1] : null);
      });
    }

    drawImage(axes, looking, unit, reveal) {
      const pixels = axes && reveal === 0;
      const shortest = pixels && axes.map((records, axis) => records[looking].shortest(unit[axis]));
      this.overlay.innerHTML = S6Receptive.overlay(`${this.key}-hatch`, this.inputSize, this.border, pixels ? this.down[0] : null, pixels ? this.across[0] : null, shortest);
      const branched = this.rows.some(({ op }, at) => op === "]" && at <= looking);
      this.ways = pixels && (this.paths || branched) ? S6Receptive.ways(axes, looking, unit) : null;
      this.heat.hidden = !(this.paths && pixels);
      if (!this.heat.hidden) S6Receptive.drawPaths(this.heat, this.ways, this.inputSize, getComputedStyle(this).getPropertyValue("--rx-seen"));
    }

    drawSection() {
      const { clientWidth: width, clientHeight: height } = this.sectionFrame;
      if (!width || !height || !this.image) return;
      const row = this.down ? clamp((this.down[0].start + this.down[0].end) >> 1, this.inputSize) : this.inputSize >> 1;
      this.section = new Section({
        id: `${this.key}-side`, records: this.records, shown: this.shown, names: this.names, levels: this.across, selected: this.looking, reveal: this.reveal,
        pixels: this.image.subarray(row * this.inputSize, (row + 1) * this.inputSize), border: this.border, width, height, weigh: this.paths,
        em: Number.parseFloat(getComputedStyle(this.sectionSvg).fontSize) || 12,
      });
      this.sectionSvg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      this.sectionSvg.innerHTML = this.section.svg();
    }
  }

  Object.assign(S6Receptive, { View });
})((window.S6Receptive ??= {}));
