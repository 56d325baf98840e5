/* The parts of an explorer, built once. Everything that happens to them is in explorer.js. */
((S6Receptive) => {
  "use strict";

  const { h } = S6Receptive;

  function svg(name) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    element.setAttribute("class", name);
    element.setAttribute("aria-hidden", "true"); // the readout says in words what is drawn
    return element;
  }

  const button = (text, onclick, more = {}) => h("button", { type: "button", onclick, ...more }, text);

  function digits(own) {
    own.digits = S6Receptive.digits.map(({ label }, at) => {
      const face = h("canvas", { "aria-hidden": "true" });
      S6Receptive.draw(face, S6Receptive.place(S6Receptive.digits[at], 28), 28);
      const input = h("input", { type: "radio", name: `${own.key}-digit`, value: label, "aria-label": `digit ${label}`, onchange: () => own.show({ digit: label }) });
      return h("label", { class: "rx-digit" }, input, face);
    });
    return h("div", { class: "rx-digits", role: "radiogroup", "aria-label": "Digit" }, ...own.digits);
  }

  function bar(own) {
    const option = (value, text) => h("option", { value }, text);
    own.preset = h("select", { onchange: () => own.preset.value && own.open({ preset: own.preset.value, digit: own.digit }) },
      option("", "your own stack"), ...Object.entries(S6Receptive.PRESETS).map(([key, { title }]) => option(key, title)));
    own.size = h("select", { onchange: () => own.resize(Number(own.size.value)) });
    own.undo = button("↶", () => own.step(-1), { "aria-label": "Undo", title: "Undo (Ctrl Z)" });
    own.redo = button("↷", () => own.step(1), { "aria-label": "Redo", title: "Redo (Ctrl Shift Z)" });
    const full = button("", () => own.project(), { class: "rx-full", "aria-label": "Full screen", title: "Full screen, with large letters" });
    full.innerHTML = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4"/></svg>';
    full.hidden = !document.fullscreenEnabled;
    return h("div", { class: "rx-bar" }, h("label", {}, h("span", {}, "Stack"), own.preset), h("label", {}, h("span", {}, "Image"), own.size),
      digits(own), h("span", { class: "rx-steps" }, own.undo, own.redo, full));
  }

  function drawings(own) {
    own.canvas = h("canvas", { "aria-hidden": "true" });
    own.heat = h("canvas", { "aria-hidden": "true", class: "rx-heat" });
    own.overlay = svg("rx-overlay");
    own.caption = h("figcaption");
    own.sectionSvg = svg("rx-drawing");
    own.sectionFrame = h("div", {
      class: "rx-section-frame", onpointerdown: (event) => own.pointSection(event), onpointermove: (event) => own.pointSection(event),
      onpointerleave: () => own.preview(null),
    }, own.sectionSvg);
    return [
      h("figure", { class: "rx-picture" }, h("div", { class: "rx-frame" }, own.canvas, own.heat, own.overlay), own.caption),
      h("figure", { class: "rx-section" }, own.sectionFrame,
        h("figcaption", {}, "Side view: every unit above the centre of its field; the cone is what the chosen unit sees; hollow: padding")),
    ];
  }

  function words(own) {
    own.readout = h("p", { class: "rx-readout", role: "status" });
    own.way = h("p", { class: "rx-way" });
    own.play = button("▶ Grow the box", () => own.grow(), { class: "rx-play" });
    own.pathsBox = h("input", { type: "checkbox", onchange: () => own.show({ paths: own.pathsBox.checked }) });
    return h("div", { class: "rx-words" }, own.readout, own.way,
      h("div", { class: "rx-choices" }, own.play, h("label", { class: "rx-check" }, own.pathsBox, "weigh pixels by their number of paths"),
        h("span", { class: "rx-hint", id: `${own.key}-hint` }, "Point at any unit to look, click or tap to keep it.",
          h("span", { class: "rx-keys" }, " Keys: arrows, next unit; Page Up, Page Down, next layer; Enter, grow the box."))));
  }

  function layers(own) {
    own.table = h("div", { class: "rx-table", role: "table", "aria-label": "Layers" });
    own.text = h("textarea", {
      rows: 1, spellcheck: "false", autocomplete: "off", autocapitalize: "off", "aria-describedby": `${own.key}-text`, onchange: () => own.written(),
      onpaste: () => setTimeout(() => /[\n(]/.test(own.text.value) && own.written()), // code: nothing will be typed after it
      onkeydown: (event) => event.key === "Enter" && !event.shiftKey && (event.preventDefault(), own.written()),
    });
    const add = (op, text) => button(`+ ${text}`, () => own.add(op));
    return h("div", { class: "rx-layers" }, own.table,
      h("p", { class: "rx-legend rx-number" }, "The last four in pixels of the image: the centre of unit i lies at unit 0 + i · effective stride (E. stride), and unit 0 at (field − 1)/2 − effective padding (E. pad)."),
      h("div", { class: "rx-tools" }, add("conv3", "conv"), add("max2", "max pool"), add("avg2", "avg pool"), add("gap", "global avg"),
        add("up2", "upsample"), add("[conv3p1, conv3p1 | ]", "residual"),
        h("label", { class: "rx-text" }, h("span", {}, "As text"), own.text),
        button("Copy link", () => own.link()), button("Copy as PyTorch", () => own.torch()), button("Share …", () => own.share.open(own.state(), own.rows)),
        h("p", { class: "rx-legend", id: `${own.key}-text` },
          "Text: conv3s2p1, conv1x7, max2, up2, bn, relu, gap, [conv3p1, conv3p1 | ] for branches that are added. Or paste an nn.Sequential.")));
  }

  /** Build all parts of an explorer into it, as properties of it and as its children. */
  function layout(own) {
    own.maps = h("div", { class: "rx-maps" });
    own.said = h("p", { class: "rx-legend rx-equal" });
    own.weights = h("select", { onchange: () => own.weigh(own.weights.value === "trained") },
      h("option", { value: "equal" }, "all equal"), h("option", { value: "trained" }, "trained"));
    own.channel = h("input", { type: "number", min: 0, max: 31, value: 0, oninput: () => own.show({}) });
    own.channelLabel = h("label", {}, "Channel", own.channel);
    own.learnt = h("div", { class: "rx-choices" }, h("label", {}, "Weights", own.weights), own.channelLabel);
    own.note = h("p", { class: "rx-note", role: "status" });
    own.share = new S6Receptive.Share();
    own.end = h("span", { tabindex: -1, class: "rx-end", id: `${own.key}-end` });
    const skip = h("a", { class: "rx-skip", href: `#${own.key}-end`, onclick: (event) => (event.preventDefault(), own.end.focus()) }, "Skip the explorer");
    own.replaceChildren(skip, h("div", { class: "rx-body" }, bar(own), ...drawings(own), words(own),
      h("div", { class: "rx-maps-part" }, own.maps, own.learnt, own.said), layers(own), own.note), own.share.dialog, own.end);
  }

  Object.assign(S6Receptive, { layout });
})((window.S6Receptive ??= {}));
