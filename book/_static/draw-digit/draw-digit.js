/* <draw-digit>: draw a digit, and two stored nets of the factorial answer as you draw. */
((S6Live) => {
  "use strict";

  const { h, Live, Pad, Maps, Answer, paintBytes, percent } = S6Live;
  const HEADS = { gap: ["gap", "Average pooling (GAP)"], fc: ["fc", "Fully connected (FC)"] };
  const NAMES = { batch: "with", none: "without" };

  class DrawDigit extends Live {
    static label = "Draw a digit";

    build() {
      this.pad = new Pad(() => this.think());
      this.seen = h("canvas", { "aria-hidden": "true" });
      this.box = h("i", { class: "dd-field", hidden: true });
      this.readout = h("p", { class: "dd-readout" }, "Point at a vote or a map: which pixels does it see?");
      this.answers = Object.fromEntries(Object.entries(HEADS).map(([head, [tone, title]]) =>
        [head, new Answer(tone, title, (...unit) => this.chooseCell(head, unit))]));
      this.maps = new Maps((choice) => this.choose(choice));
      this.norm = h("select", { onchange: () => this.load() });
      this.dropout = h("select", { onchange: () => this.load() });
      this.side = Object.keys(HEADS).map((head, at) => h("input", { type: "radio", name: `${this.ident}-side`, value: head, checked: at === 0, onchange: () => this.showMaps() }));
      this.strip = h("div", { class: "dd-digits", role: "toolbar", "aria-label": "Test digits: arrow keys move along", onkeydown: (event) => this.walk(event) });
      const button = (text, act) => h("button", { type: "button", onclick: act }, text);
      const settings = h("div", { class: "dd-settings" }, h("label", {}, "Batch norm", this.norm), h("label", {}, "Dropout", this.dropout));
      this.body.append(
        h("div", { class: "dd-boards" },
          h("figure", {}, this.pad.element, h("figcaption", {}, "Your drawing")),
          h("figure", {}, h("div", { class: "lv-paper" }, this.seen, this.box), h("figcaption", {}, "What the nets get: 28 × 28 pixels")),
          h("div", { class: "dd-side" },
            h("div", { class: "dd-buttons" }, button("Clear", () => this.pad.clear()), button("Undo", () => this.pad.undo())), settings, this.readout)),
        h("div", { class: "dd-choices" }, h("p", { class: "lv-label" }, "Or take a test digit. Most nets miss the last twenty."), this.strip),
        h("div", { class: "dd-answers" }, ...Object.values(this.answers).map(({ element }) => element)),
        h("div", { class: "dd-inside" },
          h("div", { class: "dd-sides", role: "radiogroup", "aria-label": "Whose maps" }, h("span", { class: "lv-label" }, "What every layer makes of it:"),
            ...this.side.map((input) => h("label", {}, input, HEADS[input.value][1]))),
          this.maps.element));
    }

    async wake() {
      const [{ levels, cells }, digits] = await Promise.all([S6Live.data("cells"), S6Live.digits()]);
      this.variants = cells;
      this.norm.append(...levels.norm.map((level) => h("option", { value: level }, NAMES[level] ?? level)));
      this.dropout.append(...levels.dropout.map((level) => h("option", { value: level }, level ? level.toFixed(2) : "none")));
      this.strip.append(...digits.map(({ label, hard, image }, at) => {
        const face = h("canvas", { "aria-hidden": "true" });
        paintBytes(face, image);
        return h("button", { type: "button", tabindex: at ? -1 : 0, class: hard ? "dd-hard" : "", "aria-label": `${hard ? "often missed, a" : "a"} ${label}`, onclick: () => this.take(at) }, face);
      }));
      this.offered = digits;
      await this.load();
      if (!this.pad.image()) this.pad.show(digits[this.start(digits)].image, true);
    }

    start(digits) {
      return Math.max(0, digits.findIndex(({ label }) => label === Number(this.getAttribute("digit") ?? 4)));
    }

    take(at) {
      this.taken = this.offered[at];
      [...this.strip.children].forEach((button, n) => {
        button.tabIndex = n === at ? 0 : -1;
        button.setAttribute("aria-pressed", n === at);
      });
      this.pad.show(this.taken.image);
    }

    walk(event) {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const buttons = [...this.strip.children];
      const to = Math.min(Math.max(buttons.indexOf(document.activeElement) + step, 0), buttons.length - 1);
      buttons[to].focus();
      this.take(to);
    }

    /** Load the two nets that the settings name. */
    async load() {
      const own = this.variants.filter(({ norm, dropout }) => norm === this.norm.value && dropout === Number(this.dropout.value));
      const nets = await Promise.all(own.map(({ name }) => S6Live.net(name)));
      this.nets = Object.fromEntries(own.map(({ head }, at) => [head, nets[at]]));
      for (const { head, parameters, accuracy } of own) {
        this.answers[head].about.textContent = `${parameters.toLocaleString("en")} parameters, ${accuracy.toFixed(2)}% right`;
      }
      this.think();
    }

    think() {
      if (!this.nets) return;
      const image = this.pad.image();
      paintBytes(this.seen, image ?? new Uint8Array(784));
      this.outputs = {};
      for (const [head, answer] of Object.entries(this.answers)) {
        this.outputs[head] = image && S6Live.run(this.nets[head], image);
        answer.show(this.nets[head], this.outputs[head]);
      }
      this.showMaps();
      const { gap, fc } = this.answers;
      this.say(image ? `GAP reads ${gap.winner}, ${percent(gap.certainty)}; FC reads ${fc.winner}, ${percent(fc.certainty)}.` : "The field is empty.");
    }

    showMaps() {
      if (!this.nets) return;
      const head = this.side.find(({ checked }) => checked).value;
      this.maps.open(this.nets[head]);
      this.maps.show(this.outputs[head]);
      this.showChoice();
    }

    chooseCell(head, unit) {
      const stage = this.maps.stages.at(-1);
      this.choose({ stage, channel: this.answers[head].voteOf(...unit) ?? 0, unit, head });
    }

    choose(choice) {
      this.choice = choice;
      this.showChoice();
    }

    showChoice() {
      const { choice } = this;
      if (!choice) return;
      const stage = this.maps.stages.find(({ name }) => name === choice.stage.name); // of the net whose maps are shown
      this.maps.mark({ ...choice, stage });
      const [top, left, bottom, right] = S6Live.field(this.maps.net.rows, stage.end, choice.unit);
      this.box.hidden = false;
      this.box.style.cssText = `left: ${(100 * left) / 28}%; top: ${(100 * top) / 28}%; inline-size: ${(100 * (right - left + 1)) / 28}%; block-size: ${(100 * (bottom - top + 1)) / 28}%`;
      const cell = stage === this.maps.stages.at(-1);
      for (const answer of Object.values(this.answers)) answer.mark(cell ? choice.unit : null);
      const votes = Object.entries(this.answers).map(([head, answer]) => `${head.toUpperCase()} ${answer.voteOf(...choice.unit)}`);
      const what = cell ? "Cell" : `${stage.name}, map ${choice.channel + 1}, unit`;
      const vote = cell && this.outputs.gap ? ` Its vote: ${votes.join(", ")}.` : "";
      this.readout.textContent = `${what} (${choice.unit.join(", ")}) sees rows ${top}–${bottom} and columns ${left}–${right}: ${bottom - top + 1} × ${right - left + 1} pixels.${vote}`;
      this.say(this.readout.textContent);
    }
  }

  customElements.define("draw-digit", DrawDigit);
})((window.S6Live ??= {}));
