/* <receptive-explorer>: build a stack of layers, point at any unit of any map, see the pixels that it sees.

   Attributes: preset="reference" or stack="conv3p1, max2, conv3"; input="28", digit="3", unit="conv2:4,7", paths,
   hide="bar picture section maps layers tools" (any of them). No server, no module, no fetch: it runs from file:. */
((S6Receptive) => {
  "use strict";

  const { fields, trace, parse, format, names, layer, PRESETS, MOST, Editor, Grid, h } = S6Receptive;
  const SIZES = [28, 32, 56, 64, 112, 128, 224];
  const clamp = (value, length) => Math.min(Math.max(value, 0), length - 1);
  let created = 0;

  class ReceptiveExplorer extends HTMLElement {
    connectedCallback() {
      if (this.rows) return;
      created++;
      this.id ||= created === 1 ? "explorer" : `explorer-${created}`;
      this.key = `rx-${created}`;
      this.rows = [];
      this.setAttribute("role", "group");
      this.setAttribute("aria-label", "Receptive field explorer");
      this.build();
      this.open(Object.fromEntries([...this.attributes].map(({ name, value }) => [name, value])));
      this.follow();
      window.addEventListener("hashchange", () => this.follow());
      new MutationObserver(() => this.paths && this.choose(this.selected, this.unit)).observe(document.documentElement, { attributeFilter: ["data-theme"] });
      new ResizeObserver(() => this.drawSection()).observe(this.sectionFrame);
    }

    build() {
      const option = (value, text) => h("option", { value }, text);
      this.preset = h("select", { onchange: () => this.preset.value && this.open({ preset: this.preset.value, digit: this.digit }) },
        option("", "your own stack"), ...Object.entries(PRESETS).map(([key, { title }]) => option(key, title)));
      this.size = h("select", { onchange: () => this.resize(Number(this.size.value)) });
      this.digits = S6Receptive.digits.map(({ label }, at) => {
        const face = h("canvas", { "aria-hidden": "true" });
        S6Receptive.draw(face, S6Receptive.place(S6Receptive.digits[at], 28), 28);
        const input = h("input", { type: "radio", name: `${this.key}-digit`, value: label, "aria-label": `digit ${label}`, onchange: () => this.show({ digit: label }) });
        return h("label", { class: "rx-digit" }, input, face);
      });
      this.pathsBox = h("input", { type: "checkbox", onchange: () => this.show({ paths: this.pathsBox.checked }) });
      this.canvas = h("canvas", { "aria-hidden": "true" });
      this.heat = h("canvas", { "aria-hidden": "true", class: "rx-heat" });
      this.overlay = svg("rx-overlay");
      this.caption = h("figcaption");
      this.picture = h("div", { class: "rx-frame" }, this.canvas, this.heat, this.overlay);
      this.sectionSvg = svg("rx-drawing");
      this.sectionFrame = h("div", { class: "rx-section-frame", onpointerdown: (event) => this.pointSection(event), onpointermove: (event) => this.pointSection(event) }, this.sectionSvg);
      this.readout = h("p", { class: "rx-readout", role: "status" });
      this.way = h("p", { class: "rx-way" });
      this.play = h("button", { type: "button", class: "rx-play", onclick: () => this.grow() }, "▶ Grow the box");
      this.maps = h("div", { class: "rx-maps" });
      this.table = h("div", { class: "rx-table", role: "table", "aria-label": "Layers" });
      this.editor = new Editor(this.table, this.rows, (rebuild) => this.edited(rebuild));
      this.text = h("input", { type: "text", spellcheck: "false", autocomplete: "off", onchange: () => this.replace(parse(this.text.value)) });
      this.note = h("span", { class: "rx-note", role: "status" });
      const add = (op, text) => h("button", { type: "button", onclick: () => this.add(op) }, `+ ${text}`);
      const full = h("button", { type: "button", class: "rx-full", "aria-label": "Full screen", title: "Full screen", onclick: () => this.project() });
      full.innerHTML = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4"/></svg>';
      full.hidden = !document.fullscreenEnabled;
      this.replaceChildren(h("div", { class: "rx-body" },
        h("div", { class: "rx-bar" },
          h("label", {}, h("span", {}, "Stack"), this.preset), h("label", {}, h("span", {}, "Image"), this.size),
          h("div", { class: "rx-digits", role: "radiogroup", "aria-label": "Digit" }, ...this.digits), full),
        h("figure", { class: "rx-picture" }, this.picture, this.caption),
        h("figure", { class: "rx-section" }, this.sectionFrame,
          h("figcaption", {}, "Side view: every unit above the centre of its field; the cone is what the chosen unit sees; hollow: padding")),
        h("div", { class: "rx-words" }, this.readout, this.way,
          h("div", { class: "rx-choices" }, this.play, h("label", { class: "rx-check" }, this.pathsBox, "weigh pixels by their number of paths"),
            h("span", { class: "rx-hint", id: `${this.key}-hint` }, "Point at, tap or tab to any unit.",
              h("span", { class: "rx-keys" }, " Arrows: next unit; Page Up, Page Down: next layer; Enter: grow the box.")))),
        this.maps,
        h("div", { class: "rx-layers" }, this.table,
          h("p", { class: "rx-legend" }, "The last four in pixels of the image: the centre of unit i lies at unit 0 + i · jump, and unit 0 at (field − 1)/2 − eff. pad."),
          h("div", { class: "rx-tools" }, add("conv", "conv"), add("max", "max pool"), add("avg", "avg pool"), add("gap", "global avg"),
            h("label", { class: "rx-text" }, h("span", {}, "As text"), this.text),
            h("button", { type: "button", onclick: () => this.link() }, "Copy link"), this.note))));
    }

    /** Show what attributes or a link describe. */
    open({ preset, stack, input, digit, unit, paths }) {
      const known = Object.hasOwn(PRESETS, preset ?? "") ? PRESETS[preset] : stack == null ? PRESETS.reference : {};
      const size = Math.round(Number(input ?? known.input ?? 28));
      this.inputSize = size >= 1 && size <= 512 ? size : 28;
      this.digit = clamp(Number.parseInt(digit ?? 3, 10) || 0, 10);
      this.paths = paths != null && paths !== "false";
      this.rows.splice(0, this.rows.length, ...parse(stack ?? known.stack));
      const [, name, row, column] = /^([\w.-]+):(\d+),(\d+)$/.exec(unit ?? known.unit ?? "") ?? [];
      this.selected = names(this.rows).indexOf(name);
      this.unit = [Number(row), Number(column)];
      this.edited(true, this.selected < 0);
    }

    /** Follow a link made by `link`, such as #explorer?stack=conv3,max2&input=28, if it is for this explorer. */
    follow() {
      const [id, query] = decodeURIComponent(location.hash.slice(1)).split("?");
      if (id !== this.id || !query) return;
      this.open(Object.fromEntries(new URLSearchParams(query)));
      this.scrollIntoView();
    }

    link() {
      const query = [`stack=${format(this.rows).replaceAll(" ", "")}`, `input=${this.inputSize}`, `digit=${this.digit}`];
      if (this.selected >= 0) query.push(`unit=${names(this.rows)[this.selected]}:${this.unit}`);
      if (this.paths) query.push("paths=true");
      history.replaceState(history.state, "", `#${this.id}?${query.join("&")}`);
      const done = (text) => (this.note.textContent = text);
      const held = () => done("The address bar holds the link.");
      navigator.clipboard?.writeText(location.href).then(() => done("Link copied."), held) ?? held();
    }

    add(op) {
      if (this.rows.length >= MOST) return void (this.note.textContent = `At most ${MOST} layers.`);
      this.rows.push(layer(op));
      this.edited(true, true);
    }

    replace(rows) {
      this.rows.splice(0, this.rows.length, ...rows);
      this.edited(true, true);
    }

    resize(size) {
      this.inputSize = size;
      this.edited();
    }

    /** The stack has changed: compute and draw everything anew. `last`: choose the middle of the last layer that fits. */
    edited(rebuild = false, last = false) {
      this.records = fields(this.rows, this.inputSize);
      this.names = names(this.rows);
      const fit = this.records.filter(({ error }) => !error).length;
      if (last || this.selected >= fit || this.selected < 0) [this.selected, this.unit] = [fit - 1, null];
      const length = this.records[this.selected]?.output;
      this.unit = this.unit?.map((value) => clamp(value, length)) ?? [length >> 1, length >> 1];
      this.text.value = format(this.rows);
      this.preset.value = Object.keys(PRESETS).find((key) => PRESETS[key].input === this.inputSize && format(parse(PRESETS[key].stack)) === this.text.value) ?? "";
      this.size.replaceChildren(...[...new Set([...SIZES, this.inputSize])].sort((a, b) => a - b).map((size) =>
        h("option", { value: size, selected: size === this.inputSize }, `${size} × ${size}`)));
      this.note.textContent = "";
      if (rebuild) this.editor.build();
      this.grids = this.records.slice(0, fit).map((record, at) => new Grid({
        name: this.names[at], recipe: S6Receptive.recipe(this.rows[at]), record, border: S6Receptive.margin(this.records, at + 1), hint: `${this.key}-hint`,
        choose: (row, column) => this.choose(at, [row, column]), leap: (step) => this.leap(at + step), play: () => this.grow(),
      }));
      this.maps.style.setProperty("--rx-columns", Math.ceil(fit / Math.ceil(fit / 9)) || 1);
      this.maps.replaceChildren(...this.grids.map(({ element }) => element));
      this.border = S6Receptive.margin(this.records, 0);
      this.show({});
      const chosen = this.grids[this.selected]?.element; // in the strip of a phone, bring it into view
      if (chosen) this.maps.scrollLeft = chosen.offsetLeft - (this.maps.clientWidth - chosen.clientWidth) / 2;
    }

    /** Draw the digit's maps, then the chosen unit. */
    show({ digit = this.digit, paths = this.paths }) {
      Object.assign(this, { digit, paths });
      this.digits[digit].firstChild.checked = true;
      this.pathsBox.checked = paths;
      this.image = S6Receptive.place(S6Receptive.digits[digit], this.inputSize);
      S6Receptive.draw(this.canvas, this.image, this.inputSize);
      S6Receptive.activations(this.rows, this.records, this.image).forEach((values, at) => {
        if (values && this.grids[at]) S6Receptive.draw(this.grids[at].canvas, values, this.records[at].output);
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
      this.choose(this.selected, this.unit);
    }

    /** Choose a unit: everything that depends on it, and nothing else, is drawn again. */
    choose(selected, unit, reveal = 0) {
      if (reveal === 0) clearInterval(this.growing);
      Object.assign(this, { selected, unit, reveal });
      const record = this.records[selected];
      [this.vertical, this.horizontal] = record ? unit.map((index) => trace(this.records, selected, index)) : [null, null];
      this.grids.forEach((grid, at) => {
        const near = (k) => clamp(Math.round((record.centre + unit[k] * record.stride - this.records[at].centre) / this.records[at].stride), this.records[at].output);
        grid.stand(at === selected ? unit : [near(0), near(1)], at === selected);
        const drawn = at < selected && at + 1 >= reveal;
        grid.show(drawn ? this.vertical[at + 1] : null, drawn ? this.horizontal[at + 1] : null);
      });
      const pixels = reveal === 0 && record;
      this.overlay.innerHTML = S6Receptive.overlay(`${this.key}-hatch`, this.inputSize, this.border, pixels ? this.vertical[0] : null, pixels ? this.horizontal[0] : null);
      this.heat.hidden = !(this.paths && pixels);
      if (!this.heat.hidden) S6Receptive.drawPaths(this.heat, this.vertical[0].paths, this.horizontal[0].paths, getComputedStyle(this).getPropertyValue("--rx-seen"));
      this.editor.show(this.records, this.names, selected);
      this.drawSection();
      this.play.disabled = !record;
      if (record) {
        if (reveal === 0) this.readout.textContent = S6Receptive.describe(this.names[selected], unit, this.vertical[0], this.horizontal[0], this.inputSize);
        this.way.textContent = S6Receptive.wayBack(this.names, this.vertical, this.horizontal);
      } else {
        this.readout.textContent = this.rows.length ? `The first layer does not fit the image. ${this.records[0].error}` : "No layer yet: add one below.";
        this.way.textContent = "";
      }
    }

    drawSection() {
      const { clientWidth: width, clientHeight: height } = this.sectionFrame;
      if (!width || !height || !this.image) return;
      const row = this.vertical ? clamp((this.vertical[0].start + this.vertical[0].end) >> 1, this.inputSize) : this.inputSize >> 1;
      const drawing = S6Receptive.section({
        id: `${this.key}-side`, records: this.records, names: this.names, levels: this.horizontal, selected: this.selected, reveal: this.reveal,
        pixels: this.image.subarray(row * this.inputSize, (row + 1) * this.inputSize), border: this.border, width, height, weigh: this.paths,
      });
      this.sectionSvg.setAttribute("viewBox", `0 0 ${width} ${height}`);
      this.sectionSvg.innerHTML = drawing.svg;
      this.nearest = drawing.at;
    }

    pointSection(event) {
      const area = this.sectionFrame.getBoundingClientRect();
      const found = this.nearest?.(event.clientX - area.left, event.clientY - area.top);
      if (!found || (event.type === "pointermove" && event.pointerType === "touch" && !event.buttons)) return;
      const row = this.grids[found.layer].unit[0];
      this.choose(found.layer, [row, found.unit]);
    }

    leap(at) {
      this.grids[at]?.cell.focus();
    }

    /** Let the box grow back from the chosen unit to the image, layer by layer; at once where motion is not wanted. */
    grow() {
      clearInterval(this.growing);
      const { selected, unit } = this;
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.choose(selected, unit);
      let reveal = selected + 1;
      this.choose(selected, unit, reveal);
      this.growing = setInterval(() => this.choose(selected, unit, --reveal), Math.min(500, 3600 / (selected + 1)));
    }

    project() {
      if (document.fullscreenElement) document.exitFullscreen();
      else this.requestFullscreen();
    }
  }

  function svg(name) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    element.setAttribute("class", name);
    element.setAttribute("aria-hidden", "true"); // the readout says in words what is drawn
    return element;
  }

  customElements.define("receptive-explorer", ReceptiveExplorer);
})(window.S6Receptive);
