/* The table of layers: every number can be changed, every row moved or removed, and what follows from it is read off
   beside it. A number that does not fit is explained in its row. */
((S6Receptive) => {
  "use strict";

  const OPERATIONS = { conv: "conv", max: "max pool", avg: "avg pool", gap: "global avg", up: "upsample", tconv: "transposed" };
  const MARKS = { "[": "branches from here", "|": "next branch", "]": "sum of branches" };
  const SETTINGS = ["kernel", "stride", "padding", "dilation"];
  const WITHOUT = { gap: SETTINGS, point: SETTINGS, "[": SETTINGS, "|": SETTINGS, "]": SETTINGS, up: SETTINGS.slice(1), avg: ["dilation"], tconv: ["dilation"] };
  const RESULTS = {
    output: ["Output", "units a side of the layer's map"],
    size: ["Field", "receptive field: pixels a side that one unit sees; with branches, by its shortest path and by all of them"],
    stride: ["E. stride", "effective stride: pixels from one unit to the next"],
    padding: ["E. pad", "effective padding: pixels by which the box of unit 0 begins before the image"],
    centre: ["Unit 0", "centre of unit 0, in pixels from the middle of the first pixel"],
  };
  const HEADS = {
    layer: ["Layer", "its name"], op: ["Operation", "what slides over the maps"],
    kernel: ["Kernel", "taps a side"], stride: ["Stride", "units the window moves"],
    padding: ["Pad", "units added at each border"], dilation: ["Dilate", "units from tap to tap"],
  };

  /** Make an element: h("button", {class: "x", onclick: f}, "text", child, …). */
  function h(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  }

  class Editor {
    /** `rows` is changed in place; `changed(rebuild, what)` is called after every change. */
    constructor(table, rows, changed) {
      Object.assign(this, { table, rows, changed });
    }

    /** Build the table anew: after a row has come, gone, moved, or become another operation. */
    build() {
      const head = (key, kind, [text, title]) => h("span", { role: "columnheader", class: `rx-${kind}`, title }, h("span", {}, text));
      this.table.replaceChildren(h("div", { role: "row", class: "rx-row rx-head" },
        ...Object.entries(HEADS).map(([key, texts]) => head(key, SETTINGS.includes(key) ? "setting" : key, texts)),
        ...Object.entries(RESULTS).map(([key, texts]) => head(key, "result", texts)),
        h("span", { role: "columnheader", class: "rx-actions" }, h("span", { class: "rx-hidden" }, "Move or remove"))));
      this.lines = this.rows.map((row, at) => this.line(row, at));
      this.table.append(...this.lines.map(({ element }) => element));
    }

    line(row, at) {
      const inputs = SETTINGS.map((key) => this.setting(row, key));
      const results = Object.fromEntries(Object.entries(RESULTS).map(([key, [text]]) =>
        [key, h("span", { role: "cell", class: `rx-result${key === "output" ? "" : " rx-number"}`, "data-head": text })]));
      const name = h("span", { role: "rowheader", class: "rx-layer" });
      const error = h("span", { role: "cell", class: "rx-error", hidden: true });
      const operation = row.op in OPERATIONS
        ? h("select", { "aria-label": "operation", onchange: (event) => this.become(at, event.target.value) },
          ...Object.entries(OPERATIONS).map(([op, text]) => h("option", { value: op, selected: op === row.op }, text)))
        : h("span", {}, MARKS[row.op] ?? "place by place");
      const action = (text, label, step, off) => h("button", {
        type: "button", class: "rx-small", "data-action": label, disabled: off, onclick: () => this.move(at, step, label),
      }, text);
      const actions = [action("↑", "up", -1, at === 0), action("↓", "down", 1, at === this.rows.length - 1), action("✕", "remove", 0)];
      const element = h("div", { role: "row", class: "rx-row" }, name, ...(inputs.some(Boolean)
        ? [h("span", { role: "cell", class: "rx-op" }, operation),
          ...inputs.map((input, k) => h("span", { role: "cell", class: "rx-setting", "data-head": HEADS[SETTINGS[k]][0] }, input ?? "–"))]
        : [h("span", { role: "cell", class: "rx-op rx-wide", "aria-colspan": 1 + SETTINGS.length }, operation)]),
        ...Object.values(results), h("span", { role: "cell", class: "rx-actions" }, ...actions), error);
      return { element, name, operation, inputs, results, error, actions };
    }

    setting(row, key) {
      if (WITHOUT[row.op]?.includes(key)) return null;
      return h("input", {
        type: "text", inputmode: "numeric", autocomplete: "off", maxlength: 9, value: S6Receptive.written(row[key]).replace("x", " × "),
        oninput: ({ target }) => {
          const text = target.value.replace(/\s*[x×]\s*/gi, "x").trim();
          row[key] = /^\d+(x\d+)?$/.test(text) ? S6Receptive.pair(text) : Number.NaN;
          this.mend(row);
          this.changed(false, `${this.rows.indexOf(row)} ${key}`);
        },
      });
    }

    /** Show what the rows amount to, without touching what is being edited. */
    show([vertical, horizontal], names, selected) {
      this.lines.forEach(({ element, name, operation, inputs, results, error, actions }, at) => {
        const [down, across] = [vertical[at], horizontal[at]];
        const fault = across.error ?? down.error;
        name.textContent = names[at];
        if (operation.tagName === "SELECT") operation.setAttribute("aria-label", `${names[at]} operation`);
        inputs.forEach((input, k) => input?.setAttribute("aria-label", `${names[at]} ${this.rows[at].op === "up" ? "factor" : SETTINGS[k]}`));
        actions.forEach((button) => button.setAttribute("aria-label", `${button.dataset.action} ${names[at]}`));
        element.classList.toggle("rx-chosen-row", at === selected);
        element.classList.toggle("rx-broken", Boolean(fault));
        error.textContent = fault ?? "";
        error.hidden = !fault;
        for (const [key, cell] of Object.entries(results)) cell.textContent = fault ? "–" : this.result(key, down, across);
      });
    }

    result(key, down, across) {
      const { both, field, number, step } = S6Receptive;
      if (key === "output") return `${down.output} × ${across.output}`;
      if (key !== "size") return both(...[down, across].map((record) => (key === "stride" ? step : number)(record[key])));
      const shorter = down.least < down.smallest || across.least < across.smallest;
      return `${shorter ? `${both(down.least, across.least)} to ` : ""}${field(down, across)}`;
    }

    become(at, op) {
      const { given } = this.rows[at];
      this.rows[at] = { ...S6Receptive.layer(op), ...(given && { given }) };
      this.changed(true);
      this.lines[at].operation.focus();
    }

    move(at, step, label) {
      const [row] = this.rows.splice(at, 1);
      if (step) this.rows.splice(at + step, 0, row);
      this.changed(true);
      const line = this.lines[Math.min(at + step, this.rows.length - 1)];
      const again = line?.actions.find((button) => button.dataset.action === label && !button.disabled);
      (again ?? line?.actions.find((button) => !button.disabled))?.focus();
    }

    /** A row that could not be read becomes an ordinary one once a number of it is changed. */
    mend(row) {
      delete row.fault;
      delete row.text;
    }
  }

  Object.assign(S6Receptive, { Editor, h });
})((window.S6Receptive ??= {}));
