/* <predict-first>: the reader sets a guess on a number line; then the runs are drawn beside it, and the text appears. */
((S6Live) => {
  "use strict";

  const { h, s, Live, Chart, scale, ticks } = S6Live;

  class PredictFirst extends Live {
    static label = "Predict, then see";

    connectedCallback() {
      this.lesson ??= h("div", { class: "pf-after", hidden: true }, ...this.childNodes);
      super.connectedCallback();
    }

    build() {
      const of = (name) => Number(this.getAttribute(name));
      [this.low, this.high, this.step] = ["low", "high", "step"].map(of);
      this.unit = this.getAttribute("unit") ?? "";
      this.runs = JSON.parse(this.getAttribute("runs"));
      this.decimals = (this.getAttribute("step").split(".")[1] ?? "").length;
      if (this.hasAttribute("tone")) this.style.setProperty("--pf-tone", this.getAttribute("tone"));
      const id = `${this.ident}-guess`;
      const middle = this.low + Math.round((this.high - this.low) / 2 / this.step) * this.step;
      this.guess = h("input", { id, type: "range", min: this.low, max: this.high, step: this.step, value: middle, oninput: () => this.moved() });
      this.output = h("output", { for: id });
      this.go = h("button", { type: "button", class: "lv-go", onclick: () => this.reveal() }, "Show the runs");
      this.told = h("p", { class: "pf-told", role: "status" });
      this.chart = new Chart("", 7.8, (width, height, em) => this.draw(width, height, em));
      this.body.append(
        h("div", { class: "pf-guess" }, h("label", { class: "pf-question", for: id }, this.getAttribute("question")), this.chart.element, this.guess,
          h("div", { class: "pf-row" }, h("span", {}, "My guess: ", this.output), this.go)),
        this.told, this.lesson);
      this.moved();
    }

    write(value) {
      return `${value.toFixed(this.decimals).replace("-", "−")}${this.unit}`;
    }

    moved() {
      this.output.textContent = this.write(Number(this.guess.value));
      this.guess.setAttribute("aria-valuetext", this.output.textContent);
      this.chart.label(`Number line from ${this.write(this.low)} to ${this.write(this.high)}, your guess at ${this.output.textContent}`);
      this.chart.draw();
    }

    reveal() {
      const mean = this.runs.reduce((sum, value) => sum + value, 0) / this.runs.length;
      const guess = Number(this.guess.value);
      this.mean = mean;
      this.guess.disabled = true;
      this.go.hidden = true;
      const range = this.runs.length > 1 ? `, the runs from ${this.write(Math.min(...this.runs))} to ${this.write(Math.max(...this.runs))}` : "";
      const off = Math.abs(guess - mean);
      const points = this.unit.includes("%") ? " points" : this.unit;
      this.told.textContent = `You said ${this.write(guess)}. It is ${this.write(mean)} (mean of ${this.runs.length}${range}). ` +
        (off < this.step ? "Spot on." : `Off by ${off.toFixed(this.decimals)}${points}.`);
      this.lesson.hidden = false;
      this.chart.label(`Number line. ${this.told.textContent}`);
      this.chart.draw();
    }

    draw(width, height, em) {
      const x = scale(this.low, this.high, 0.5 * em, width - 0.5 * em); // as wide as the slider's track below
      const floor = height - 2 * em;
      const guess = x(Number(this.guess.value));
      const level = this.runs.map((value, at) => this.runs.slice(0, at).filter((other) => Math.abs(x(other) - x(value)) < 0.75 * em).length);
      const rise = Math.min(0.75, 2.6 / Math.max(1, ...level)) * em;
      return [
        s("line", { class: "lv-axis", x1: x(this.low), x2: x(this.high), y1: floor, y2: floor }),
        ...ticks(this.low, this.high, width < 30 * em ? 3 : 6).flatMap(([value, text], at, all) => [
          s("line", { class: "lv-axis", x1: x(value), x2: x(value), y1: floor, y2: floor + 0.35 * em }),
          s("text", { x: x(value), y: floor + 1.5 * em, "text-anchor": x(value) < 2 * em ? "start" : x(value) > width - 2 * em ? "end" : "middle" }, text.replace("-", "−") + (at === all.length - 1 ? this.unit : ""))]),
        ...(this.mean === undefined ? [] : [
          ...this.runs.map((value, at) => s("circle", { class: "predict-run predict-drop", style: `animation-delay: ${at * 60}ms`, cx: x(value), cy: floor - 0.5 * em - level[at] * rise, r: 0.4 * em })),
          s("line", { class: "predict-mean", x1: x(this.mean), x2: x(this.mean), y1: floor - 3.4 * em, y2: floor }),
        ]),
        s("line", { class: "predict-way", x1: guess, x2: guess, y1: 2 * em, y2: floor }),
        s("path", { class: "predict-guess", d: `M${guess} ${2.1 * em} l${-0.5 * em} ${-0.9 * em} h${em} z` }),
        s("text", { class: "predict-guess-text", x: Math.min(Math.max(guess, 3 * em), width - 3 * em), y: 0.9 * em, "text-anchor": "middle" }, "your guess"),
      ];
    }
  }

  customElements.define("predict-first", PredictFirst);
})((window.S6Live ??= {}));
