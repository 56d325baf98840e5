/* Stacks as text, "conv3p1, conv5s2d2, max2, logits:conv1, gap", and the stacks that everybody knows. */
((S6Receptive) => {
  "use strict";

  const LAYER = /^(?:([\w.-]{1,16}):)?(conv|max|pool|avg|gap)(\d{0,3})((?:[spd]\d{1,3})*)$/i;
  const LETTERS = { s: "stride", p: "padding", d: "dilation" };
  const FAMILY = { conv: "conv", max: "pool", avg: "pool", gap: "gap" };
  const MOST = 48; // layers: more can be neither drawn nor read

  /** A new row; a pooling strides by its kernel unless told otherwise. */
  function layer(op, changes = {}) {
    const kernel = changes.kernel ?? (op === "conv" ? 3 : 2);
    return { op, kernel, stride: op === "conv" ? 1 : kernel, padding: 0, dilation: 1, ...changes };
  }

  /** Read a stack from text. What cannot be read becomes a row with a `fault`, never an exception. */
  function parse(text) {
    const words = text.split(/[,;\s]+/).filter(Boolean);
    return words.slice(0, MOST).map((word) => {
      const match = LAYER.exec(word);
      if (!match) {
        return { ...layer("conv"), text: word, fault: `“${word}” is not a layer. Write conv3s2p1d1, max2, avg2s2 or gap.` };
      }
      const [, name, op, kernel, options] = match;
      const changes = kernel ? { kernel: Number(kernel) } : {};
      for (const [, letter, number] of options.matchAll(/([spd])(\d+)/gi)) changes[LETTERS[letter.toLowerCase()]] = Number(number);
      return { ...layer(op.toLowerCase().replace("pool", "max"), changes), ...(name && { given: name }) };
    });
  }

  /** Write a stack as text: the inverse of `parse`. */
  function format(rows) {
    return rows.map((row) => {
      if (row.text) return row.text;
      const name = row.given ? `${row.given}:` : "";
      if (row.op === "gap") return `${name}gap`;
      const usual = layer(row.op, { kernel: row.kernel });
      const number = (value) => (Number.isFinite(value) ? value : "");
      const options = Object.entries(LETTERS).filter(([, key]) => row[key] !== usual[key]);
      return name + row.op + number(row.kernel) + options.map(([letter, key]) => letter + number(row[key])).join("");
    }).join(", ");
  }

  /** The names of the rows: those given, else conv1, conv2, pool1, … counted within their family. */
  function names(rows) {
    const given = new Set(rows.map((row) => row.given));
    const counts = {};
    return rows.map(({ given: own, op }) => {
      const family = FAMILY[op];
      counts[family] = (counts[family] ?? 0) + 1;
      if (own) return own;
      while (given.has(family + counts[family])) counts[family]++;
      return op === "gap" && counts.gap === 1 && !given.has("gap") ? "gap" : family + counts[family];
    });
  }

  const vgg = [2, 2, 3, 3, 3].flatMap((depth, block) => [
    ...Array.from({ length: depth }, (_, k) => `conv${block + 1}_${k + 1}:conv3p1`), `pool${block + 1}:max2`,
  ]);

  const PRESETS = {
    reference: { title: "The reference net", input: 28, stack: "conv3p1,conv3p1,conv3p1,pool3:max2,conv3,logits:conv1,gap", unit: "conv4:3,5" },
    single: { title: "A single 3 × 3", input: 28, stack: "conv3", unit: "conv1:9,12" },
    lenet: { title: "LeNet-5", input: 32, stack: "C1:conv5,S2:avg2,C3:conv5,S4:avg2,C5:conv5", unit: "C3:4,4" },
    alexnet: { title: "AlexNet", input: 224, stack: "conv11s4p2,max3s2,conv5p2,max3s2,conv3p1,conv3p1,conv3p1,max3s2", unit: "conv5:6,6" },
    vgg16: { title: "VGG-16", input: 224, stack: vgg.join(","), unit: "conv4_3:13,13" },
    dilated: { title: "A dilated stack", input: 28, stack: "conv3p1,conv3p2d2,conv3p4d4,conv3p8d8", unit: "conv3:13,14" },
  };

  Object.assign(S6Receptive, { layer, parse, format, names, PRESETS, MOST });
})((window.S6Receptive ??= {}));
