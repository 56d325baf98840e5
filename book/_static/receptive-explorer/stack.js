/* Stacks as text: "conv3p1, bn, relu, conv1x7, max2, up2, [conv3p1, conv3p1 | ], logits:conv1, gap". */
((S6Receptive) => {
  "use strict";

  const PAIR = "\\d{1,3}(?:x\\d{1,3})?";
  const LAYER = new RegExp(`^(?:([\\w.-]{1,16}):)?(conv|tconv|maxpool|max|avgpool|avg|pool|gap|up)(${PAIR})?((?:[spd]${PAIR}|c\\d{1,4})*)$`, "i");
  const LOOSE = new RegExp(`^(?:${PAIR})?(?:[spd]${PAIR}|c\\d{1,4})*$`, "i"); // "3", "p1": the rest of the word before it
  const LETTERS = { s: "stride", p: "padding", d: "dilation" };
  const FAMILY = { conv: "conv", tconv: "tconv", max: "pool", avg: "pool", gap: "gap", up: "up", "]": "add" };
  const POINTWISE = /^(bn|batchnorm|relu6?|gelu|silu|swish|elu|celu|selu|mish|leaky(?:relu)?|prelu|hardswish|hswish|hardtanh|tanh|sigmoid|softmax|drop(?:out)?|id|identity)$/i;
  const MIXING = /^(ln|layernorm|gn|groupnorm|in|instancenorm)$/i; // they look at whole maps while they normalise
  const WHOLE = /^(fc|linear|dense|flatten)\d*$/i;
  const MOST = 200; // layers: more can be neither drawn nor read

  /** A new row; a pooling strides by its kernel unless told otherwise. */
  function layer(op, changes = {}) {
    const kernel = changes.kernel ?? (op === "conv" ? 3 : 2);
    return { op, kernel, stride: op === "conv" || op === "up" ? 1 : kernel, padding: 0, dilation: 1, ...changes };
  }

  const isOpen = (word) => LAYER.test(word ?? "") || /:?(conv|tconv|maxpool|max|avgpool|avg|pool|up)$/i.test(word ?? "");

  /** The words of a text. "conv 3 × 3, s2 p1" is one word: conv3x3s2p1. */
  function split(text) {
    const marked = text.replace(/[×✕]/g, "x").replace(/(\d)\s*x\s*(?=\d)/gi, "$1x").replace(/\b([spdc])\s+(?=\d)/gi, "$1").replace(/[[\]|]/g, " $& ");
    const words = [];
    for (const word of marked.split(/[,;\s]+/).filter(Boolean)) {
      if (LOOSE.test(word) && isOpen(words.at(-1))) words.push(words.pop() + word);
      else words.push(word);
    }
    return words;
  }

  const pair = (text) => {
    const [first, second] = text.split(/x/i).map(Number);
    return second == null || second === first ? first : [first, second];
  };

  function read(word) {
    if (/^[[\]|]$/.test(word)) return { op: word };
    if (POINTWISE.test(word)) return { op: "point", word };
    if (MIXING.test(word)) return { op: "point", word, mixes: true };
    if (WHOLE.test(word)) return { op: "point", word, whole: true };
    const match = LAYER.exec(word);
    if (!match) {
      const fault = `“${word}” is not a layer. Write conv3s2p1d1, max2, avg2s2 or gap. Known as well: conv1x7, up2, tconv2, bn, relu, and [conv3p1 | ] for branches.`;
      return { ...layer("conv"), text: word, fault };
    }
    const [, name, op, kernel, options] = match;
    const changes = kernel ? { kernel: pair(kernel) } : {};
    for (const [, letter, number] of options.matchAll(/([spdc])([\dx]+)/gi)) {
      changes[LETTERS[letter.toLowerCase()] ?? "channels"] = pair(number);
    }
    const plain = op.toLowerCase().replace(/^(max|avg)pool$/, "$1").replace("pool", "max");
    return { ...layer(plain, changes), ...(name && { given: name }) };
  }

  /** Read a stack from text. What cannot be read becomes a row with a `fault`, never an exception. */
  const parse = (text) => split(text).map(read);

  const same = (a, b) => String(a) === String(b);
  const written = (value) => (Array.isArray(value) ? value.map(written).join("x") : Number.isFinite(value) ? String(value) : "");

  /** Write a stack as text: the inverse of `parse`. */
  function format(rows) {
    const words = rows.map((row) => {
      if (row.text) return row.text;
      if (row.op === "point") return row.word;
      if (!(row.op in FAMILY) || row.op === "]") return row.op;
      const name = row.given ? `${row.given}:` : "";
      if (row.op === "gap") return `${name}gap`;
      const usual = layer(row.op, { kernel: row.kernel });
      const options = Object.entries(LETTERS).filter(([, key]) => !same(row[key], usual[key]));
      return name + row.op + written(row.kernel) + options.map(([letter, key]) => letter + written(row[key])).join("") +
        (row.channels ? `c${row.channels}` : "");
    });
    return words.join(", ").replace(/\[, /g, "[").replace(/(, )?\|(, )?/g, " | ").replace(/, \]/g, "]").replace(/ {2,}/g, " ").trim();
  }

  /** The names of the rows: those given (the second "a" is a-2), else conv1, conv2, pool1, … counted within their family. */
  function names(rows) {
    const given = new Set(rows.map((row) => row.given));
    const counts = {};
    const times = Object.create(null); // a name may be any word, constructor too
    return rows.map(({ given: own, op, word }) => {
      const family = op === "point" ? word : FAMILY[op];
      if (!family) return op;
      counts[family] = (counts[family] ?? 0) + 1;
      if (own) return (times[own] = (times[own] ?? 0) + 1) > 1 ? `${own}-${times[own]}` : own;
      while (given.has(family + counts[family])) counts[family]++;
      return op === "gap" && counts.gap === 1 && !given.has("gap") ? "gap" : family + counts[family];
    });
  }

  /** Has a row a map of its own to draw? What works place by place has the map below, and so have open branches. */
  const drawn = ({ op }) => op in FAMILY;

  Object.assign(S6Receptive, { layer, parse, format, names, drawn, written, pair, MOST, POINTWISE, MIXING });
})((window.S6Receptive ??= {}));
