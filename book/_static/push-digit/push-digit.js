/* <push-digit>: move, turn or scale a test digit; GAP holds, FC falls, and the curve over many test digits stands beside. */
((S6Live) => {
  "use strict";

  const { h, s, Live, Answer, Chart, scale, ticks, paintBytes, calm, wait } = S6Live;
  const NETS = { gap: ["reference", "GAP head"], fc: ["fc", "FC head"] };
  const minus = (value) => String(value).replace("-", "−");
  const REACH = 6; // pixels: as far as was measured
  const REST = { right: 0, down: 0, turn: 0, scale: 1 };
  const SLIDERS = [ // field, label, least, most, step, words
    ["right", "Right", -REACH, REACH, 1, (value) => `${minus(value)} px`],
    ["down", "Down", -REACH, REACH, 1, (value) => `${minus(value)} px`],
    ["turn", "Turn", -60, 60, 5, (value) => `${minus(value)}°`],
    ["scale", "Size", 0.5, 1.5, 0.1, (value) => `${Math.round(100 * value)}%`],
  ];
  const WAYS = { // what is drawn beside: the name, the axis, where the digit in hand stands on it
    moved: ["Moved by pixels", (state) => Math.hypot(state.right, state.down), (at) => `moved by ${+at.toFixed(1)} pixels`],
    turned: ["Turned by degrees", (state) => state.turn, (at) => `turned by ${minus(at)}°`],
    scaled: ["Scaled to per cent", (state) => Math.round(100 * state.scale), (at) => `scaled to ${at}%`],
  };
  const BY = { right: "moved", down: "moved", turn: "turned", scale: "scaled" };

  class PushDigit extends Live {
    static label = "Push the digit";

    build() {
      this.state = { ...REST };
      this.way = "moved";
      this.picture = h("canvas", { "aria-hidden": "true" });
      this.stage = h("div", {
        class: "pd-stage lv-paper", tabindex: 0, role: "application", "aria-label": "The digit. Drag it, or move it with the arrow keys.",
        onpointerdown: (event) => this.grab(event), onpointermove: (event) => this.drag(event),
        onpointerup: () => (this.held = null), onpointercancel: () => (this.held = null), onkeydown: (event) => this.key(event),
      }, this.picture);
      this.sliders = Object.fromEntries(SLIDERS.map(([name, label, min, max, step, words]) => {
        const id = `${this.ident}-${name}`;
        const input = h("input", { id, type: "range", min, max, step, value: REST[name], oninput: () => this.set({ [name]: Number(input.value) }, BY[name]) });
        const output = h("output", { for: id });
        return [name, { input, output, words, row: h("div", { class: "pd-slider" }, h("label", { for: id }, label), input, output) }];
      }));
      this.answers = Object.fromEntries(Object.entries(NETS).map(([head, [, title]]) => [head, new Answer(head, title)]));
      this.curves = new Chart("", 13, (width, height, em) => this.drawCurves(width, height, em));
      this.caption = h("figcaption");
      const button = (text, act, kind = "") => h("button", { type: "button", class: kind, onclick: act }, text);
      this.until = button("Push until one fails", () => this.pushOn(), "lv-go");
      this.body.append(
        h("div", { class: "pd-hand" }, this.stage,
          h("div", { class: "pd-buttons" }, this.until, button("Put back", () => this.set(REST)), button("Another digit", () => this.another()))),
        h("div", { class: "pd-sliders" }, ...Object.values(this.sliders).map(({ row }) => row)),
        h("div", { class: "pd-answers" }, ...Object.values(this.answers).map(({ element }) => element)),
        h("figure", { class: "pd-curves" }, this.curves.element, this.caption));
    }

    async wake() {
      const variants = Object.values(NETS).map(([variant]) => variant);
      const [digits, pushes, ...nets] = await Promise.all([S6Live.digits(), S6Live.data("pushes"), ...variants.map(S6Live.net)]);
      this.digits = digits.filter(({ hard }) => !hard);
      this.nets = Object.fromEntries(Object.keys(NETS).map((head, at) => [head, nets[at]]));
      this.measured = pushes;
      const wanted = Number(this.getAttribute("digit") ?? 7);
      this.at = this.digits.findIndex(({ label }) => label === wanted);
      this.set({});
    }

    grab(event) {
      if (event.button) return;
      this.stage.setPointerCapture(event.pointerId);
      this.held = { x: event.clientX, y: event.clientY, right: this.state.right, down: this.state.down };
    }

    drag(event) {
      if (!this.held) return;
      const pixel = this.stage.clientWidth / 28;
      const to = (start, from, now) => Math.min(Math.max(start + Math.round((now - from) / pixel), -REACH), REACH);
      this.set({ right: to(this.held.right, this.held.x, event.clientX), down: to(this.held.down, this.held.y, event.clientY) }, "moved");
    }

    key(event) {
      const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
      if (!step) return;
      event.preventDefault();
      const within = (value) => Math.min(Math.max(value, -REACH), REACH);
      this.set({ right: within(this.state.right + step[0]), down: within(this.state.down + step[1]) }, "moved");
    }

    another() {
      this.at = (this.at + 9) % this.digits.length; // eight of each class: nine steps on is another class
      this.set(REST);
    }

    /** Push one pixel at a time, each time another way, until a net misreads it or the border is near. */
    async pushOn() {
      this.turns = ((this.turns ?? -1) + 1) % 4;
      const way = [["down", -1], ["right", 1], ["down", 1], ["right", -1]][this.turns];
      this.set(REST, "moved");
      this.until.disabled = true;
      for (let pixels = 1; pixels <= REACH && !this.failed(); pixels++) {
        if (!calm()) await wait(260);
        this.set({ [way[0]]: way[1] * pixels }, "moved");
      }
      this.until.disabled = false;
    }

    failed() {
      return Object.values(this.answers).some(({ winner }) => winner !== this.digits[this.at].label);
    }

    set(change, way = this.way) {
      Object.assign(this.state, change);
      this.way = way;
      for (const [name, { input, output, words }] of Object.entries(this.sliders)) {
        input.value = this.state[name];
        output.textContent = words(this.state[name]);
        input.setAttribute("aria-valuetext", words(this.state[name]));
      }
      if (!this.nets) return;
      const { label, image } = this.digits[this.at];
      const pushed = S6Live.push(image, this.state);
      paintBytes(this.picture, pushed);
      const words = Object.entries(this.answers).map(([head, answer]) => {
        answer.show(this.nets[head], S6Live.run(this.nets[head], pushed));
        const right = answer.winner === label;
        answer.element.classList.toggle("pd-wrong", !right);
        answer.about.textContent = right ? "right" : `wrong: it is a ${label}`;
        return `${head.toUpperCase()} reads ${answer.winner}, ${answer.about.textContent}`;
      });
      this.curves.draw();
      this.say(`${words.join("; ")}.`);
    }

    drawCurves(width, height, em) {
      if (!this.measured) return [];
      const [axis, place, words] = WAYS[this.way];
      const rows = this.measured[this.way];
      const all = rows.gap.map(([by]) => by);
      const [low, high] = [Math.min(...all), Math.max(...all)];
      const x = scale(low, high, 3.2 * em, width - 4.2 * em);
      const y = scale(0, 100, height - 2.9 * em, 0.8 * em);
      const at = Math.min(Math.max(place(this.state), low), high);
      const values = Object.fromEntries(Object.entries(rows).map(([head, line]) => [head, between(line, at)]));
      const beyond = place(this.state) > high ? ", as far as was measured" : "";
      const said = `${words(at)}${beyond}: GAP reads ${values.gap.toFixed(1)}%, FC ${values.fc.toFixed(1)}%`;
      this.caption.textContent = `Of ${this.measured.images.toLocaleString("en")} test digits ${said}.`;
      this.curves.label(`${axis}, accuracy of both nets. ${this.caption.textContent}`);
      return [
        ...[0, 50, 100].flatMap((value) => [
          s("line", { class: "lv-grid", x1: x(low), x2: x(high), y1: y(value), y2: y(value) }),
          s("text", { x: x(low) - 0.5 * em, y: y(value) + 0.35 * em, "text-anchor": "end" }, `${value}%`)]),
        ...ticks(low, high, width < 30 * em ? 4 : 7).map(([value, text]) => s("text", { x: x(value), y: height - 1.5 * em, "text-anchor": "middle" }, text)),
        s("text", { x: (x(low) + x(high)) / 2, y: height - 0.1 * em, "text-anchor": "middle" }, axis),
        s("line", { class: "pd-now", x1: x(at), x2: x(at), y1: y(0), y2: y(100) }),
        ...Object.entries(rows).flatMap(([head, line]) => [
          s("polyline", { class: `pd-line pd-${head}`, points: line.map(([by, accuracy]) => `${x(by)},${y(accuracy)}`).join(" ") }),
          s("circle", { class: `pd-dot pd-${head}`, cx: x(at), cy: y(values[head]), r: 0.42 * em }),
          s("text", { class: `pd-name pd-${head}`, x: x(high) + 0.6 * em, y: y(line.at(-1)[1]) + 0.35 * em }, head.toUpperCase())]),
      ];
    }
  }

  /** The value of a line of [x, y] at a place, straight between the measured ones. */
  function between(line, at) {
    const after = Math.max(1, line.findIndex(([by]) => by >= at));
    const [[x0, y0], [x1, y1]] = [line[after - 1], line[after]];
    return y0 + ((y1 - y0) * (at - x0)) / (x1 - x0);
  }

  customElements.define("push-digit", PushDigit);
})((window.S6Live ??= {}));
