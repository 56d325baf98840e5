/* <variant-explorer>: every stored variant as a row of dots, to be filtered; two of them side by side. The address keeps
   the choice: #a=reference&b=fc. */
((S6Live) => {
  "use strict";

  const { h, s, Live, pair } = S6Live;
  const SIDES = ["a", "b"];

  /** Where an error lies on the log axis from low to high, in per cent of its width. */
  const place = (error, [low, high]) => `${(100 * Math.log(error / low)) / Math.log(high / low)}%`;

  class VariantExplorer extends Live {
    static label = "The variant explorer";

    build() {
      this.chosen = {};
      const named = (id, text, control) => h("div", { class: "ve-filter" }, h("label", { for: id }, text), control);
      this.topic = h("select", { id: `${this.ident}-topic`, onchange: () => this.filter() }, h("option", { value: "" }, "all questions"));
      this.limits = Object.fromEntries(["parameters", "cost"].map((figure) => {
        const id = `${this.ident}-${figure}`;
        return [figure, { input: h("input", { id, type: "range", min: 0, max: 1, value: 1, oninput: () => this.filter() }), output: h("output", { for: id }, "any") }];
      }));
      const limit = (figure, text) => named(`${this.ident}-${figure}`, text, h("span", { class: "ve-limit" }, this.limits[figure].input, this.limits[figure].output));
      this.count = h("p", { class: "lv-label ve-count" });
      this.axis = s("svg", { class: "ve-axis", "aria-hidden": "true" });
      this.list = h("ul", { class: "ve-list", role: "list", "aria-label": "Variants, the fewest errors first" });
      this.pair = h("div", { class: "ve-pair" });
      this.body.append(
        h("div", { class: "ve-all" }, h("div", { class: "ve-panel" },
          h("div", { class: "ve-filters" }, named(this.topic.id, "Question", this.topic), limit("parameters", "Parameters, at most"), limit("cost", "Cost, at most")), this.count,
          h("div", { class: "ve-scroll" }, h("div", { class: "ve-row ve-head", "aria-hidden": "true" }, h("span", { class: "ve-errors" }, "errors"), this.axis), this.list))),
        h("div", { class: "ve-two" }, this.pair));
    }

    async wake() {
      this.data = await S6Live.data("variants");
      this.named = new Map(this.data.variants.map((variant) => [variant.name, variant]));
      for (const { name, question } of this.data.topics) this.topic.append(h("option", { value: name }, `${name}: ${question}`));
      for (const [figure, { input }] of Object.entries(this.limits)) {
        const values = [...new Set(this.data.variants.map((variant) => variant[figure]).filter((value) => value !== null))].sort((one, other) => one - other);
        this.limits[figure].values = values;
        input.max = values.length;
        input.value = values.length; // the last place is "any"
      }
      this.rows = new Map(this.data.variants.map((variant) => [variant.name, this.row(variant)]));
      this.chosen = { a: this.named.has("reference") ? "reference" : this.data.variants[0].name };
      this.chosen.b = (this.data.variants.find(({ name }) => name !== this.chosen.a) ?? this.data.variants[0]).name;
      this.read();
      addEventListener("hashchange", () => this.read() && this.show());
      this.filter();
      this.show();
    }

    /** Take the choice from the address, if it names variants. A plus sign means a space there; no name has one. */
    read() {
      const given = new URLSearchParams(location.hash.slice(1));
      const found = SIDES.map((side) => [side, given.get(side)?.replaceAll(" ", "+")]).filter(([, name]) => this.named.has(name));
      Object.assign(this.chosen, Object.fromEntries(found));
      return found.length > 0;
    }

    choose(side, name) {
      if (this.chosen[side] === name) return;
      this.chosen[side] = name;
      history.replaceState(null, "", `#${SIDES.map((each) => `${each}=${encodeURIComponent(this.chosen[each])}`).join("&")}`);
      this.show();
      this.say(this.pair.querySelector(".ve-verdict")?.textContent ?? "");
    }

    row(variant) {
      const { name, error, low, high, parameters, cost, runs } = variant;
      const failed = runs.filter((run) => run === null).length;
      const said = `${name}: ${error === null ? "no run learned" : `${error.toFixed(2)}% errors, mean of ${runs.length - failed}`}, ${parameters.toLocaleString("en")} parameters`;
      const radios = SIDES.map((side) => h("input", { type: "radio", name: `${this.ident}-${side}`, value: name, "aria-label": `${side.toUpperCase()}: ${said}`, onchange: () => this.choose(side, name) }));
      const strip = s("svg", { class: "ve-strip", "aria-hidden": "true" });
      const words = [`${parameters.toLocaleString("en")} parameters`, cost === null ? "cost not measured" : `cost ${cost.toFixed(2)}`, `${runs.length} ${runs.length === 1 ? "run" : "runs"}${failed ? `, ${failed} failed` : ""}`];
      const element = h("li", { class: "ve-row" },
        h("span", { class: "ve-choice" }, ...radios.map((radio, at) => h("label", {}, radio, "AB"[at]))),
        h("span", { class: "ve-name" }, h("b", {}, name), h("span", { class: "lv-label" }, words.join(" · "))),
        h("span", { class: "ve-errors" }, error === null ? "–" : `${error.toFixed(2)}%`, h("span", { class: "lv-label" }, low === null ? "" : `${pair.times(low)}–${pair.times(high)}`)),
        strip);
      return { element, radios, strip, variant };
    }

    /** Show the rows that the filters let through, on an axis that just holds their runs. */
    filter() {
      const topic = this.data.topics.find(({ name }) => name === this.topic.value);
      const bounds = Object.entries(this.limits).map(([figure, { input, output, values }]) => {
        const most = values[Number(input.value)] ?? Infinity;
        output.textContent = most === Infinity ? "any" : figure === "cost" ? `${most.toFixed(2)} × reference` : most.toLocaleString("en");
        input.setAttribute("aria-valuetext", output.textContent);
        return [figure, most];
      });
      const fits = (variant) => (!topic || topic.members.includes(variant.name)) && bounds.every(([figure, most]) => most === Infinity || (variant[figure] !== null && variant[figure] <= most));
      const shown = [...this.rows.values()].filter(({ variant }) => fits(variant));
      this.list.replaceChildren(...shown.map(({ element }) => element));
      this.count.textContent = `${shown.length} of ${this.rows.size} variants. A dot is a run, the larger mark the mean, the line its 95% interval; dashed, the reference's mean. Choose A and B.`;
      this.say(`${shown.length} of ${this.rows.size} variants`);
      const errors = shown.flatMap(({ variant: { low, high, ...variant } }) => [...pair.learned(variant), low, high]).filter((error) => error > 0);
      const range = errors.length ? [0.93 * Math.min(...errors), 1.07 * Math.max(...errors)] : [0.5, 2];
      const ticks = pair.logTicks(...range);
      this.axis.replaceChildren(...ticks.map(([value, text]) => s("text", { x: place(value, range), y: "75%", "text-anchor": "middle" }, `${text}%`)));
      for (const { variant, strip } of shown) this.strip(strip, variant, range, ticks);
    }

    strip(strip, variant, range, ticks) {
      const { colour, error, low, high } = variant;
      const upright = (name, value) => s("line", { class: name, x1: place(value, range), x2: place(value, range), y1: "0%", y2: "100%" });
      const reference = this.named.get("reference")?.error;
      strip.replaceChildren(
        ...ticks.map(([value]) => upright("lv-grid", value)),
        ...(reference > range[0] && reference < range[1] ? [upright("ve-reference", reference)] : []),
        ...pair.learned(variant).map((run, at) => s("circle", { class: "ve-dot", style: `--c: ${colour}`, cx: place(Math.max(run, 0.005), range), cy: `${50 + 13 * ((at % 5) - 2)}%` })),
        ...(low === null ? [] : [s("line", { class: "ve-interval", x1: place(low, range), x2: place(high, range), y1: "50%", y2: "50%" })]),
        ...(error === null ? [] : [s("svg", { x: place(error, range), y: "50%", overflow: "visible" }, pair.mark(variant))]));
    }

    async show() {
      const [a, b] = SIDES.map((side) => this.named.get(this.chosen[side]));
      for (const { element, radios, variant } of this.rows.values()) {
        radios.forEach((radio, at) => (radio.checked = this.chosen[SIDES[at]] === variant.name));
        element.classList.toggle("ve-chosen", variant === a || variant === b);
      }
      const name = (one, letter) => h("span", {}, s("svg", { class: "ve-key", viewBox: "-8 -8 16 16", "aria-hidden": "true" }, pair.mark(one)), `${letter}: `, h("b", {}, one.name));
      const names = h("p", { class: "ve-names" }, name(a, "A"), name(b, "B"));
      if (a === b) {
        this.pair.replaceChildren(names, h("p", { class: "ve-verdict" }, "A and B are the same. Choose another one for either."));
        return;
      }
      const part = (title, kind, ...children) => h("section", { class: `ve-${kind}`, "aria-label": title }, h("p", { class: "lv-title" }, title), ...children);
      const waiting = h("p", {}, "…");
      const digits = part("Digits that one misses", "only", waiting);
      this.pair.replaceChildren(names,
        ...pair.lines(this.data, a, b).map(({ strong, weak }) => h("div", {}, h("p", { class: "ve-verdict" }, strong), h("p", { class: "lv-label" }, weak))),
        part("What differs", "settings", pair.difference(this.data, a, b)), part("As they learn", "curves", pair.curves(a, b)), digits,
        part("Make them yourself", "make", ...pair.recipes(a, b)));
      const [missed, pictures] = await Promise.all([S6Live.data("missed"), S6Live.digits()]);
      waiting.replaceWith(...pair.digits(missed, new Map(pictures.map(({ index, image }) => [index, image])), a, b));
    }
  }

  customElements.define("variant-explorer", VariantExplorer);
})((window.S6Live ??= {}));
