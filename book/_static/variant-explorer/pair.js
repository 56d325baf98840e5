/* Two variants side by side: ratio and verdict, settings, curves, the digits that one misses, how to make them. */
((S6Live) => {
  "use strict";

  const { h, s, Chart, scale, welch, paintBytes } = S6Live;
  const HERE = document.currentScript.src;
  const FEW = 12; // numbers of digits that stand in the open; the rest unfold
  const MARKS = {
    o: "M-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0", s: "M-.9-.9h1.8v1.8h-1.8z", D: "M0-1.2 1.2 0 0 1.2-1.2 0z",
    "^": "M0-1.1 1.05.9h-2.1z", v: "M0 1.1 1.05-.9h-2.1z", P: "M-.4-1.1h.8v.7h.7v.8h-.7v.7h-.8v-.7h-.7v-.8h.7z",
    X: "M-1.1-.55-.55-1.1 0-.55.55-1.1 1.1-.55.55 0 1.1.55.55 1.1 0 .55-.55 1.1-1.1.55-.55 0z",
  };

  const mark = ({ mark, colour }, more = {}) => s("path", { class: "ve-mark", d: MARKS[mark], style: `--c: ${colour}`, ...more });
  const times = (ratio) => ratio.toFixed(ratio < 100 ? 2 : 0);
  const written = (value) => (Array.isArray(value) ? value.join(", ") || "none" : String(value).replaceAll("-", " – "));
  const learned = ({ runs }) => runs.filter((error) => error !== null);
  const failures = ({ name, runs }) => (runs.includes(null) ? ` ${runs.filter((error) => error === null).length} of ${runs.length} runs of ${name} did not learn and are left out.` : "");

  /** Ticks of a log axis: 1, 2 and 5 times powers of ten. */
  function logTicks(low, high) {
    const found = [];
    for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) {
      for (const factor of [1, 2, 5]) if (factor * power >= low && factor * power <= high) found.push(factor * power);
    }
    return found.map((value) => [value, String(Number(value.toPrecision(1)))]);
  }

  /** The verdicts of the questions that asked about two variants: the lines to show. */
  function asked(data, a, b) {
    const rows = data.effects.filter(({ variant, base }) => (variant === a.name && base === b.name) || (variant === b.name && base === a.name));
    return rows.map(({ topic, variant, base, text, ratio, reason }) => {
      const { question } = data.topics.find(({ name }) => name === topic);
      const left = ratio !== null && !text.includes("times the errors") ? ` Of the runs that learned: ${times(ratio)} times the errors.` : ""; // where some failed, the words count them
      return { strong: `${variant} against ${base}: ${text}.`, weak: `${question}${reason ? ` Why: ${reason}` : ""}${left}` };
    });
  }

  /** The same for any other pair, computed here. */
  function computed(a, b) {
    const [own, other] = [learned(b), learned(a)];
    const left = failures(a) + failures(b);
    if (!own.length || !other.length) return { strong: `${b.name} against ${a.name}: no ratio, for no run of one of them learned.`, weak: left.trim() };
    const { ratio, low, high, p } = welch(own, other);
    const chance = p === undefined ? "" : `, p ${p < 0.001 ? "< 0.001" : `= ${p.toPrecision(2)}`}`;
    return {
      strong: `${b.name} against ${a.name}: ${times(ratio)} times the errors${low === undefined ? ", without an interval" : ` (${times(low)}–${times(high)})`}.`,
      weak: `No question compares these two, so there is no verdict. This is a plain Welch test on the logarithms of the errors${chance}: ` +
        `unmoderated (the spread of these few runs alone) and uncorrected (whoever looks at many pairs finds some that differ by luck).${left}`,
    };
  }

  const lines = (data, a, b) => (asked(data, a, b).length ? asked(data, a, b) : [computed(a, b)]);

  /** What differs in the settings. */
  function difference(data, a, b) {
    const value = (one, field) => written(field in one.changed ? one.changed[field] : data.defaults[field]);
    const fields = Object.keys(data.defaults).filter((field) => value(a, field) !== value(b, field));
    return h("table", { class: "ve-diff" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "setting"), h("th", { scope: "col" }, `A: ${a.name}`), h("th", { scope: "col" }, `B: ${b.name}`))),
      h("tbody", {}, ...fields.map((field) => h("tr", {}, h("th", { scope: "row" }, field.replaceAll("_", " ")), h("td", {}, value(a, field)), h("td", {}, value(b, field))))));
  }

  /** Errors after each epoch: the geometric mean of the runs, and the band from lowest to highest. */
  function curves(a, b) {
    const sides = [a, b].map((one) => ({ one, epochs: (one.curves[0] ?? []).map((_, at) => one.curves.map((run) => Math.max(run[at], 0.005))) }));
    const all = sides.flatMap(({ epochs }) => epochs.flat());
    const middle = (errors) => Math.exp(errors.reduce((sum, error) => sum + Math.log(error), 0) / errors.length);
    const chart = new Chart(`Test errors after each epoch. ${sides.map(({ one, epochs }) => (epochs.length ? `${one.name} ends at ${middle(epochs.at(-1)).toFixed(2)}%.` : "")).join(" ")}`, 13, (width, height, em) => {
      if (!all.length) return [];
      const last = Math.max(...sides.map(({ epochs }) => epochs.length));
      const x = scale(1, Math.max(last, 2), 3.2 * em, width - 1.6 * em);
      const y = (error) => scale(Math.log(0.9 * Math.min(...all)), Math.log(1.1 * Math.max(...all)), height - 2.4 * em, 0.6 * em)(Math.log(error));
      const path = (points) => points.map(([epoch, error], at) => `${at ? "L" : "M"}${x(epoch)} ${y(error)}`).join("");
      return [
        ...logTicks(0.9 * Math.min(...all), 1.1 * Math.max(...all)).flatMap(([value, text]) => [
          s("line", { class: "lv-grid", x1: x(1), x2: width - 1.6 * em, y1: y(value), y2: y(value) }),
          s("text", { x: 2.8 * em, y: y(value) + 0.35 * em, "text-anchor": "end" }, `${text}%`)]),
        ...Array.from({ length: last }, (_, at) => s("text", { x: x(at + 1), y: height - 1.1 * em, "text-anchor": "middle" }, at + 1)),
        ...sides.flatMap(({ one, epochs }, side) => {
          const band = [...epochs.map((errors, at) => [at + 1, Math.max(...errors)]), ...epochs.map((errors, at) => [at + 1, Math.min(...errors)]).reverse()];
          const line = epochs.map((errors, at) => [at + 1, middle(errors)]);
          const [end, beside] = [side, 1 - side].map((each) => y(middle(sides[each].epochs.at(-1) ?? [1])));
          const apart = Math.max(0, 1.1 * em - Math.abs(end - beside)) / 2; // the letters must not cover each other
          const shift = (end > beside || (end === beside && side) ? 1 : -1) * apart;
          return [
            s("path", { class: "ve-band", style: `--c: ${one.colour}`, d: `${path(band)}Z` }),
            s("path", { class: `ve-line ve-${"ab"[side]}`, style: `--c: ${one.colour}`, d: path(line) }),
            ...line.map(([epoch, error]) => s("g", { transform: `translate(${x(epoch)} ${y(error)})` }, mark(one))),
            ...line.slice(-1).map(([epoch, error]) => s("text", { class: "ve-end", x: x(epoch) + 0.55 * em, y: y(error) + shift + 0.35 * em }, "AB"[side])),
          ];
        }),
      ];
    });
    return h("figure", {}, chart.element, h("figcaption", {}, "Test errors after each epoch: the mean of the runs, and the band from lowest to highest."));
  }

  /** The test digits that one net misses and the other reads: pictures of those at hand, numbers of the others. */
  function digits(missed, pictures, a, b) {
    const [own, other] = [a, b].map(({ name }) => missed.nets[name]);
    if (!own || !other) return [h("p", {}, `Seed 0 of ${own ? b.name : a.name} has no stored answers.`)];
    const both = own.at.filter((index) => other.at.includes(index)).length;
    const side = (letter, reader, one, two) => {
      const only = one.at.map((index, at) => ({ index, read: one.read[at], label: missed.labels[index], picture: pictures.get(index) })).filter(({ index }) => !two.at.includes(index));
      const shown = only.filter(({ picture }) => picture);
      const hidden = only.filter(({ picture }) => !picture).map(({ index, label, read }) => `${index} (${label}\u00a0→\u00a0${read})`);
      const rest = hidden.slice(FEW);
      return h("div", { class: "ve-missed" }, h("p", {}, h("b", {}, `${only.length}`), ` that ${letter} misses and ${reader} reads right${only.length ? ":" : "."}`),
        ...(shown.length ? [h("div", { class: "ve-digits" }, ...shown.map(digit))] : []),
        ...(hidden.length ? [h("p", {}, `${shown.length ? "The others by number" : "By number"} in the test set: ${hidden.slice(0, FEW).join(", ")}${rest.length ? " …" : ""}`)] : []),
        ...(rest.length ? [h("details", {}, h("summary", {}, `${rest.length} more`), h("p", {}, rest.join(", ")))] : []));
    };
    return [side("A", "B", own, other), side("B", "A", other, own), h("p", { class: "lv-label" }, `Both miss ${both}. Seed 0 of each; 5 → 3 is a 5 that was read as a 3.`)];
  }

  function digit({ index, label, read, picture }) {
    const canvas = h("canvas", { role: "img", "aria-label": `Test digit ${index}` });
    paintBytes(canvas, picture);
    return h("figure", {}, h("div", { class: "lv-paper" }, canvas), h("figcaption", {}, `${label} → ${read}`));
  }

  /** How to have each variant: the notebook that was run, and the line that runs it again. */
  const recipes = (a, b) => [a, b].map((one, side) => h("div", { class: "ve-recipe" },
    h("p", {}, `${"AB"[side]}: `, one.notebook ? h("a", { href: new URL(`../../results/ablations/${encodeURIComponent(one.name)}/notebook.html`, HERE).href }, `the notebook of ${one.name}`) : `${one.name} has no stored notebook.`),
    h("pre", { tabindex: 0, role: "group", "aria-label": `The command that trains ${one.name}` }, h("code", {}, one.papermill))));

  Object.assign(S6Live, { pair: { lines, difference, curves, digits, recipes, mark, learned, logTicks, times } });
})((window.S6Live ??= {}));
