/* <luck-machine>: two arms draw stored runs until one "wins"; then it turns out that both were the same net. */
((S6Live) => {
  "use strict";

  const { h, s, Live, Chart, scale, ticks, random, calm, wait } = S6Live;
  const LEAD = 0.1; // points that count as a win: the rule of this game
  const CONTESTS = 4000; // played for the histogram, always the same ones
  const BIN = 0.01; // points: a hundredth, as accuracies of 10,000 images have

  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

  /** An arm's try: `seeds` runs, and of `tries` such groups the best. All of them, and the group that is reported. */
  function report(pool, seeds, tries, chance) {
    const groups = Array.from({ length: tries }, () => Array.from({ length: seeds }, () => pool[Math.floor(chance() * pool.length)]));
    const best = groups.reduce((one, other) => (mean(other) > mean(one) ? other : one));
    return { all: groups.flat(), best, figure: mean(best) };
  }

  class LuckMachine extends Live {
    static label = "The luck machine";

    build() {
      this.rounds = 0;
      this.wins = { a: 0, b: 0 };
      this.go = h("button", { type: "button", class: "lv-go", disabled: true, onclick: () => this.train() }, "Train both");
      this.verdict = h("p", { class: "lm-verdict" }, "Arm A has a new idea in it. Arm B is the old net. Is A better?");
      this.tally = h("p", { class: "lv-label lm-tally" });
      this.line = new Chart("Test accuracy of the two arms", 12, (width, height, em) => this.drawLine(width, height, em));
      this.reveal = h("div", { class: "lm-reveal", hidden: true });
      this.sliders = {};
      const slider = (name, text, max) => {
        const id = `${this.ident}-${name}`;
        const input = h("input", { id, type: "range", min: 1, max, value: 1, oninput: () => this.reckon() });
        const output = h("output", { for: id }, "1");
        this.sliders[name] = { input, output };
        return h("div", { class: "lm-slider" }, h("label", { for: id }, text), input, output);
      };
      this.share = h("p", { class: "lm-share", role: "status" });
      this.histogram = new Chart("", 11, (width, height, em) => this.drawHistogram(width, height, em));
      this.said = h("p", { class: "lm-said" });
      this.reveal.append(h("p", { class: "lm-truth" }, h("strong", {}, "Both arms were the same net.")), this.said,
        h("div", { class: "lm-sliders" }, slider("seeds", "Seeds per arm", 10), slider("tries", "Tries of A, the best is reported", 10)),
        this.share, h("figure", {}, this.histogram.element, h("figcaption", {}, `Lead of A over B in ${CONTESTS.toLocaleString("en")} such contests, in points. Filled: one of them “wins”.`)));
      this.body.append(h("div", { class: "lm-machine" }, this.verdict, this.line.element, h("div", { class: "lm-go" }, this.go, this.tally)), this.reveal);
    }

    async wake() {
      this.runs = await S6Live.data("luck");
      this.pool = this.runs.map(({ accuracy }) => accuracy.at(-1));
      const [low, high] = [Math.min(...this.pool), Math.max(...this.pool)];
      this.range = [low - 0.08 * (high - low), high + 0.08 * (high - low)];
      this.said.textContent = `Not one setting differs: the name, the code, the data, the ${this.runs[0].accuracy.length} epochs are the same. ` +
        `Every press drew from the same ${this.runs.length} stored runs of the reference net, which differ in their seed alone. They reach ${low.toFixed(2)}% to ${high.toFixed(2)}%.`;
      this.chance = random(Number(this.getAttribute("seed") ?? crypto.getRandomValues(new Uint32Array(1))[0]));
      this.go.disabled = false;
      this.line.draw();
      this.reckon();
    }

    get seeds() {
      return Number(this.sliders.seeds.input.value);
    }

    get tries() {
      return Number(this.sliders.tries.input.value);
    }

    async train() {
      this.go.disabled = true;
      this.rounds++;
      const [a, b] = [report(this.pool, this.seeds, this.tries, this.chance), report(this.pool, this.seeds, 1, this.chance)];
      this.drawn = { a: { ...a, all: [] }, b: { ...b, all: [] } };
      this.done = false;
      this.verdict.textContent = "Training …";
      for (let at = 0; at < Math.max(a.all.length, b.all.length); at++) {
        this.drawn.a.all = a.all.slice(0, at + 1);
        this.drawn.b.all = b.all.slice(0, at + 1);
        this.line.draw();
        if (!calm()) await wait(at < 4 ? 350 : 60);
      }
      this.done = true;
      const lead = Math.round(100 * (a.figure - b.figure)) / 100;
      const winner = Math.abs(lead) < LEAD ? null : lead > 0 ? "a" : "b";
      if (winner) this.wins[winner]++;
      const figures = `A ${a.figure.toFixed(2)}%, B ${b.figure.toFixed(2)}%: `;
      this.verdict.replaceChildren(figures, winner
        ? h("strong", {}, `${winner.toUpperCase()} wins by ${Math.abs(lead).toFixed(2)} points.`)
        : `${Math.abs(lead).toFixed(2)} points apart, less than ${LEAD.toFixed(2)}. Train again.`);
      this.tally.textContent = `${this.rounds === 1 ? "1 round" : `${this.rounds} rounds`}: A has won ${this.wins.a}, B ${this.wins.b}. A lead of ${LEAD.toFixed(2)} points is a win.`;
      this.say(this.verdict.textContent);
      this.go.textContent = "Train again";
      this.go.disabled = false;
      this.line.draw();
      if (winner && this.reveal.hidden) {
        if (!calm()) await wait(900);
        this.reveal.hidden = false;
        this.classList.add("lm-known");
        this.histogram.draw();
        this.say(`${this.verdict.textContent} Both arms were the same net. ${this.said.textContent}`);
      }
      this.go.focus({ preventScroll: true });
    }

    /** Play the contest many times with what the sliders say. */
    reckon() {
      const chance = random(1);
      for (const { input, output } of Object.values(this.sliders)) output.textContent = input.value;
      if (!this.pool) return;
      this.leads = Array.from({ length: CONTESTS }, () => report(this.pool, this.seeds, this.tries, chance).figure - report(this.pool, this.seeds, 1, chance).figure);
      const share = (wins) => `${Math.round((100 * this.leads.filter(wins).length) / CONTESTS)}%`;
      const [a, b] = [share((lead) => lead >= LEAD - 1e-9), share((lead) => lead <= 1e-9 - LEAD)];
      const most = mean(this.leads);
      this.share.replaceChildren(`With ${this.seeds} ${this.seeds === 1 ? "seed" : "seeds"} an arm${this.tries > 1 ? ` and the best of ${this.tries} tries` : ""} A “wins” `, h("b", {}, a),
        " of the time and B ", h("b", {}, b), this.tries > 1 ? `. On average A leads by ${most.toFixed(2)} points, and nothing is behind it.` : ".");
      this.histogram.label(`Histogram of A's lead. ${this.share.textContent}`);
      this.histogram.draw();
    }

    drawLine(width, height, em) {
      if (!this.pool) return [];
      const x = scale(...this.range, 2.4 * em, width - 1.2 * em);
      const middle = height / 2 - 0.6 * em;
      const arms = Object.entries(this.drawn ?? {}).flatMap(([arm, { all, best, figure }], at) => {
        const way = at ? 1 : -1; // A above the line, B below
        const level = (n) => all.slice(0, n).filter((value) => value === all[n]).length;
        const step = Math.min(0.85, 2.2 / Math.max(1, ...all.map((_, n) => level(n)))) * em;
        const dots = all.map((value, n) =>
          s("circle", { class: `lm-dot lm-${arm}${best.includes(value) ? "" : " lm-left"}`, cx: x(value), cy: middle + way * (0.8 * em + step * level(n)), r: 0.42 * em }));
        if (!this.done) return dots;
        return [
          s("line", { class: `lm-mean lm-${arm}`, x1: x(figure), x2: x(figure), y1: middle, y2: middle + way * 3.5 * em }),
          ...dots,
          s("text", { class: `lm-figure lm-${arm}`, x: x(figure), y: middle + (at ? 4.5 : -3.8) * em, "text-anchor": "middle" }, figure.toFixed(2))];
      });
      return [
        s("line", { class: "lv-axis", x1: x(this.range[0]), x2: x(this.range[1]), y1: middle, y2: middle }),
        ...ticks(...this.range, width < 30 * em ? 3 : 6).flatMap(([value, text]) => [
          s("line", { class: "lv-grid", x1: x(value), x2: x(value), y1: 0.4 * em, y2: height - 2.2 * em }),
          s("text", { x: x(value), y: height - 0.9 * em, "text-anchor": "middle" }, `${text}%`)]),
        ...["A", "B"].map((name, at) => s("text", { class: `lm-name lm-${name.toLowerCase()}`, x: 0.2 * em, y: middle + (at ? 1.6 : -0.9) * em }, name)),
        ...arms,
      ];
    }

    drawHistogram(width, height, em) {
      if (!this.leads) return [];
      const most = Math.round((Math.max(...this.pool) - Math.min(...this.pool)) / BIN); // bins either side of none
      const reach = (most + 0.5) * BIN;
      const bins = Array(2 * most + 1).fill(0);
      for (const lead of this.leads) bins[Math.round(lead / BIN) + most]++;
      const x = scale(-reach, reach, em, width - em);
      const y = scale(0, Math.max(...bins), height - 2.2 * em, 1.6 * em);
      return [
        ...bins.map((count, at) => {
          const centre = (at - most) * BIN;
          const [from, to] = [centre - BIN / 2, centre + BIN / 2];
          return s("rect", { class: Math.abs(centre) >= LEAD - 1e-9 ? "lm-won" : "lm-even", x: x(from) + 0.5, width: Math.max(1, x(to) - x(from) - 1), y: y(count), height: y(0) - y(count) });
        }),
        s("line", { class: "lv-axis", x1: x(-reach), x2: x(reach), y1: y(0), y2: y(0) }),
        s("line", { class: "lv-axis", x1: x(0), x2: x(0), y1: 1.2 * em, y2: y(0), "stroke-dasharray": "3 3" }),
        s("text", { x: x(-reach), y: 0.9 * em }, "← B leads"),
        s("text", { x: x(reach), y: 0.9 * em, "text-anchor": "end" }, "A leads →"),
        ...ticks(-reach, reach, width < 30 * em ? 4 : 8).map(([value, text]) => s("text", { x: x(value), y: height - 0.8 * em, "text-anchor": "middle" }, text.replace("-", "−"))),
      ];
    }
  }

  customElements.define("luck-machine", LuckMachine);
})((window.S6Live ??= {}));
