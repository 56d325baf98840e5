/* <receptive-explorer>: build a stack of layers, choose any unit of any map, see the pixels that it sees.

   Attributes: preset="reference" or stack="conv3p1, max2, conv3"; input="28", digit="3", unit="conv2:4,7", paths,
   hide="bar picture section words maps layers table tools numbers" (any of them), keyhole (what is not seen is covered),
   projector (large letters), window (state from the address). No server, no module, no fetch: it runs from file:. */
((S6Receptive) => {
  "use strict";

  const { fields, parse, format, names, drawn, PRESETS, MOST, Editor, Past, View } = S6Receptive;
  const SIZES = [28, 32, 56, 64, 112, 128, 224];
  const LARGEST = 512; // pixels a side
  const clamp = (value, length) => Math.min(Math.max(value, 0), length - 1);
  let created = 0;

  class ReceptiveExplorer extends View {
    connectedCallback() {
      if (this.rows) return;
      created++;
      this.id ||= created === 1 ? "explorer" : `explorer-${created}`;
      this.key = `rx-${created}`;
      this.rows = [];
      this.past = new Past();
      this.setAttribute("role", "group");
      this.setAttribute("aria-label", "Receptive field explorer");
      S6Receptive.layout(this);
      this.editor = new Editor(this.table, this.rows, (rebuild, kind) => this.edited({ rebuild, kind }));
      this.begin();
      this.addEventListener("keydown", (event) => this.shortcut(event));
      this.addEventListener("fullscreenchange", () => this.toggleAttribute("projector", document.fullscreenElement === this));
      window.addEventListener("hashchange", () => this.follow());
      new MutationObserver(() => this.choose(this.selected, this.unit)).observe(document.documentElement, { attributeFilter: ["data-theme"] });
      new ResizeObserver(() => this.drawSection()).observe(this.sectionFrame);
    }

    begin() {
      const given = Object.fromEntries([...this.attributes].map(({ name, value }) => [name, value]));
      if (this.hasAttribute("window")) {
        Object.assign(given, Object.fromEntries(new URLSearchParams(location.search)));
        for (const name of ["hide", "projector", "keyhole"]) if (given[name] != null) this.setAttribute(name, given[name].replaceAll(",", " "));
      }
      this.open(given);
      this.follow();
    }

    /** Show what attributes or a link describe; what is wrong in them is said, and the rest is shown. */
    open({ preset, stack, input, digit, unit, paths, channels }) {
      const wrong = [];
      const known = Object.hasOwn(PRESETS, preset ?? "") ? PRESETS[preset] : stack == null ? PRESETS.reference : {};
      if (preset && stack == null && known !== PRESETS[preset]) wrong.push(`There is no stack named “${preset}”.`);
      const size = Number(input ?? known.input ?? 28);
      const fits = Number.isInteger(size) && size >= 1 && size <= LARGEST;
      if (!fits) wrong.push(`An image of “${input}” pixels: allowed is a whole number from 1 to ${LARGEST}.`);
      let rows = parse(stack ?? known.stack);
      if (rows.length > MOST) wrong.push(this.tooMany(rows.length)), (rows = parse(PRESETS.reference.stack));
      if (digit != null && !/^\d$/.test(digit)) wrong.push(`There is no digit “${digit}”.`);
      this.inputSize = fits ? size : 28;
      this.digit = clamp(Number.parseInt(digit ?? 3, 10) || 0, 10);
      this.paths = paths != null && paths !== "false";
      this.channels = Number.parseInt(channels, 10) || 1;
      this.rows.splice(0, this.rows.length, ...rows);
      const asked = unit ?? (stack == null ? known.unit : null);
      const [, name, row, column] = /^([\w.-]+):(\d+),(\d+)$/.exec(asked ?? "") ?? [];
      this.selected = names(this.rows).indexOf(name);
      this.unit = [Number(row), Number(column)];
      this.edited({ rebuild: true, last: this.selected < 0 });
      if (asked && names(this.rows)[this.selected] !== name) wrong.push(`There is no unit “${asked}” in this stack: shown is the middle of the last layer.`);
      else if (asked && String(this.unit) !== String([Number(row), Number(column)])) wrong.push(`There is no unit “${asked}” in this stack: shown is ${name}:${this.unit}.`);
      this.note.textContent = wrong.join(" ");
    }

    tooMany(count) {
      return `These are ${count} layers: at most ${MOST} can be drawn.`;
    }

    /** Follow a link made by `link`, such as #explorer?stack=conv3,max2&input=28, if it is for this explorer. */
    follow() {
      let text = location.hash.slice(1);
      let broken = false;
      try {
        const plain = decodeURIComponent(text);
        if (!text.includes("?")) text = plain; // some programs encode all of a link once more
      } catch {
        broken = true;
      }
      const [id, query] = text.split("?");
      if (id !== this.id || !query) return;
      this.open(Object.fromEntries(new URLSearchParams(query.replaceAll("+", "%2B"))));
      if (broken) this.note.textContent = `The address is damaged: not all of it could be read. ${this.note.textContent}`;
      this.scrollIntoView();
    }

    state() {
      const unit = this.selected >= 0 ? `${this.names[this.selected]}:${this.unit}` : null;
      return { stack: format(this.rows), input: this.inputSize, digit: this.digit, unit, paths: this.paths, channels: this.channels, hide: this.getAttribute("hide") };
    }

    link() {
      const { hide, ...state } = this.state();
      const own = this.hasAttribute("window");
      try {
        history.replaceState(history.state, "", own ? `?${S6Receptive.query({ hide, ...state })}` : `#${this.id}?${S6Receptive.query(state)}`);
      } catch { /* a frame without an address of its own: the dialog has the link */ }
      const text = own ? S6Receptive.address({ hide, ...state }) : location.href;
      S6Receptive.copy(text, () => (this.note.textContent = "Link copied."), () => (this.note.textContent = "The address bar holds the link."));
    }

    torch() {
      const text = S6Receptive.toTorch(this.rows, this.channels);
      S6Receptive.copy(text, () => (this.note.textContent = "PyTorch code copied."), () => this.share.open(this.state(), this.rows));
    }

    /** The text field holds something new: a stack, or PyTorch. */
    written() {
      const text = this.text.value.trim();
      if (text === this.lastText) return;
      this.lastText = text;
      const code = S6Receptive.fromTorch(text);
      if (code?.refused) return void (this.note.textContent = `${code.refused} The stack stays as it was.`);
      const rows = code?.rows ?? parse(text);
      if (rows.length > MOST) return void (this.note.textContent = `${this.tooMany(rows.length)} The stack stays as it was.`);
      if (code) this.channels = code.channels;
      this.rows.splice(0, this.rows.length, ...rows);
      this.edited({ rebuild: true, last: true });
    }

    add(text) {
      const rows = parse(text);
      if (this.rows.length + rows.length > MOST) return void (this.note.textContent = `At most ${MOST} layers.`);
      this.rows.push(...rows);
      this.edited({ rebuild: true, last: true });
    }

    resize(size) {
      this.inputSize = size;
      this.edited({});
    }

    /** Undo (−1) or redo (1). */
    step(by) {
      const state = this.past.go(by);
      if (!state) return;
      this.rows.splice(0, this.rows.length, ...structuredClone(state.rows));
      Object.assign(this, { inputSize: state.input, selected: state.selected, unit: state.unit, channels: state.channels });
      this.edited({ rebuild: true, again: true });
      this.note.textContent = by < 0 ? "Undone." : "Done again.";
    }

    shortcut(event) {
      const letter = event.key.toLowerCase();
      if (!(event.ctrlKey || event.metaKey) || event.altKey || !"zy".includes(letter) || event.target.matches("input[type=text], textarea")) return;
      event.preventDefault();
      this.step(letter === "y" || event.shiftKey ? 1 : -1);
    }

    /** The stack has changed: compute and draw everything anew. `last`: choose the middle of the last layer that fits;
        `kind`: changes of one kind in a row are undone at once; `again`: this state is in the past already. */
    edited({ rebuild = false, last = false, kind = null, again = false }) {
      const focus = this.focusPlace();
      this.vertical = fields(this.rows, this.inputSize, 0);
      this.records = fields(this.rows, this.inputSize, 1);
      this.names = names(this.rows);
      this.shown = this.rows.flatMap((row, at) => (drawn(row) && !this.records[at].error && !this.vertical[at].error ? [at] : []));
      if (last || !this.shown.includes(this.selected)) [this.selected, this.unit] = [this.shown.at(-1) ?? -1, null];
      const lengths = this.selected < 0 ? [1, 1] : [this.vertical[this.selected].output, this.records[this.selected].output];
      this.unit = lengths.map((length, axis) => clamp(this.unit?.[axis] ?? length >> 1, length));
      this.text.value = this.lastText = format(this.rows);
      const present = { text: this.text.value, rows: structuredClone(this.rows), input: this.inputSize, channels: this.channels, selected: this.selected, unit: this.unit };
      if (!again) this.past.push(present, kind);
      for (const [button, step] of [[this.undo, -1], [this.redo, 1]]) button.setAttribute("aria-disabled", !this.past.can(step));
      this.preset.value = Object.keys(PRESETS).find((key) => PRESETS[key].input === this.inputSize && format(parse(PRESETS[key].stack)) === this.text.value) ?? "";
      this.size.replaceChildren(...[...new Set([...SIZES, this.inputSize])].sort((a, b) => a - b).map((size) => new Option(`${size} × ${size}`, size, false, size === this.inputSize)));
      this.note.textContent = "";
      if (rebuild) this.editor.build();
      this.buildMaps();
      this.show({});
      this.refocus(focus);
    }

    /** Where the focus is, in words that outlive the elements: a map, or a control of a row. */
    focusPlace() {
      const active = document.activeElement;
      if (active === this || !this.contains(active)) return null;
      if ([...(this.grids?.values() ?? [])].some(({ cell }) => cell === active)) return { map: true };
      const row = this.editor.lines?.findIndex(({ element }) => element.contains(active)) ?? -1;
      return row < 0 ? {} : { row };
    }

    /** Bring the focus back to where it was, or near, if its element is gone: it must never fall to the page. From a map
        it goes to that of the kept unit, as a map that has the focus shows its own. */
    refocus(place) {
      if (!place || (document.activeElement !== document.body && this.contains(document.activeElement))) return;
      const map = place.map && this.grids.get(this.selected)?.cell;
      const line = place.row == null ? null : this.editor.lines[Math.min(place.row, this.editor.lines.length - 1)]?.element.querySelector("button:enabled, select, input");
      const visible = [map, line, this.text, this.preset, this.end].find((element) => element?.checkVisibility());
      visible?.focus({ preventScroll: true });
    }

    /** Keep a unit: it stays until another is clicked, tapped, or moved to. */
    pin(selected, unit) {
      Object.assign(this, { selected, unit });
      this.past.amend({ selected, unit });
      this.choose(selected, unit);
    }

    /** Show a unit while it is pointed at; null: the kept one again. */
    preview(selected, unit) {
      if (selected != null) return this.choose(selected, unit);
      if (this.looking !== this.selected || String(this.lookingAt) !== String(this.unit)) this.choose(this.selected, this.unit);
    }

    pointSection(event) {
      const area = this.sectionFrame.getBoundingClientRect();
      const found = this.section?.at(event.clientX - area.left, event.clientY - area.top);
      if (!found || (event.type === "pointermove" && event.pointerType === "touch" && !event.buttons)) return;
      const unit = [this.grids.get(found.row).unit[0], found.unit];
      if (event.type === "pointerdown" || event.buttons) this.pin(found.row, unit);
      else this.preview(found.row, unit);
    }

    /** Show the trained net's maps, or those with equal weights. */
    async weigh(trained) {
      try {
        this.net = trained ? await S6Receptive.trained() : null;
      } catch {
        this.weights.value = "equal";
        this.note.textContent = "The trained weights lie in the built book, not in this copy.";
      }
      this.show({});
    }

    leap(place) {
      const at = this.shown[place];
      if (at === undefined) return;
      const grid = this.grids.get(at);
      this.pin(at, grid.unit);
      grid.cell.focus();
    }

    /** Let the box grow back from the kept unit to the image, map by map; at once where motion is not wanted. */
    grow() {
      clearInterval(this.growing);
      const { selected, unit } = this;
      if (selected < 0) return;
      if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.choose(selected, unit);
      let reveal = this.shown.indexOf(selected) + 1;
      const pace = Math.min(500, 3600 / reveal);
      this.choose(selected, unit, reveal);
      this.growing = setInterval(() => this.choose(selected, unit, --reveal), pace);
    }

    project() {
      if (document.fullscreenElement) document.exitFullscreen();
      else this.requestFullscreen();
    }
  }

  customElements.define("receptive-explorer", ReceptiveExplorer);
})(window.S6Receptive);
