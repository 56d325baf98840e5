/* A stack as PyTorch and back: an nn.Sequential of the usual layers, as it is written or as it is printed. What is not
   known is kept as a row that says so by name. */
((S6Receptive) => {
  "use strict";

  const { layer, outOfLimits } = S6Receptive;
  const TOKEN = /#[^\n]*|\s+|"[^"]*"|'[^']*'|[A-Za-z_][\w.]*|\d+(?:\.\d+)?(?:e-?\d+)?|\S/g;
  const PLACEWISE = {
    BatchNorm2d: "bn", ReLU: "relu", ReLU6: "relu6", GELU: "gelu", SiLU: "silu", ELU: "elu", LeakyReLU: "leaky", PReLU: "prelu",
    Mish: "mish", Hardswish: "hardswish", Hardtanh: "hardtanh", Tanh: "tanh", Sigmoid: "sigmoid", Softmax: "softmax",
    Softmax2d: "softmax", Dropout: "drop", Dropout2d: "drop", Identity: "id", GroupNorm: "gn", LayerNorm: "ln", InstanceNorm2d: "in",
  };
  const SIGNATURES = {
    Conv2d: ["in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation"],
    LazyConv2d: ["out_channels", "kernel_size", "stride", "padding", "dilation"],
    ConvTranspose2d: ["in_channels", "out_channels", "kernel_size", "stride", "padding", "output_padding", "groups", "bias", "dilation"],
    MaxPool2d: ["kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"],
    AvgPool2d: ["kernel_size", "stride", "padding", "ceil_mode"],
    AdaptiveAvgPool2d: ["output_size"], AdaptiveMaxPool2d: ["output_size"],
    Upsample: ["size", "scale_factor", "mode"], UpsamplingNearest2d: ["size", "scale_factor"],
  };
  const WORDS = { True: true, False: false, None: null };
  const OPERATOR = /^[-+*/%]$/;
  const OPS = { Conv2d: "conv", LazyConv2d: "conv", ConvTranspose2d: "tconv", MaxPool2d: "max", AvgPool2d: "avg" };

  /** Read the calls of a text as {name, values, named}; whatever stands between them is passed over. */
  function calls(text) {
    const tokens = text.match(TOKEN).filter((token) => !/^(\s|#)/.test(token));
    let at = 0;
    const value = () => {
      const token = tokens[at++];
      if (token === "(" || token === "[") return list(token === "(" ? ")" : "]").values;
      if (/^["']/.test(token)) return token.slice(1, -1);
      if (/^\d/.test(token)) return Number(token);
      if (token === "-" && /^\d/.test(tokens[at])) return -value();
      if (!/^[A-Za-z_]/.test(token)) return undefined;
      if (tokens[at] !== "(") return token in WORDS ? WORDS[token] : { unknown: token };
      at++;
      return { name: token.split(".").at(-1), ...list(")") };
    };
    /** A value, or what an operator makes of two: 3 // 2 is computed, of anything else it is said that it is not. */
    const expression = () => {
      let found = value();
      while (OPERATOR.test(tokens[at] ?? "")) {
        const sign = tokens[at++];
        const whole = sign === "/" && tokens[at] === "/" && Boolean(++at);
        const other = value();
        const [a, b] = [found, other].map((part) => (Array.isArray(part) && part.length === 1 ? part[0] : part));
        const known = typeof a === "number" && typeof b === "number" && !OPERATOR.test(tokens[at] ?? "");
        if (known && whole) found = Math.floor(a / b);
        else if (known && "+-*".includes(sign)) found = { "+": a + b, "-": a - b, "*": a * b }[sign];
        else if (sign === "*" && Array.isArray(found) && Number.isInteger(b)) found = Array(Math.min(b, S6Receptive.MOST + 1)).fill(found);
        else found = { unknown: sign };
      }
      return found;
    };
    const list = (end) => {
      const values = [];
      const named = {};
      while (at < tokens.length && tokens[at] !== end) {
        if (tokens[at] === "," || tokens[at] === "*") at++; // *[…]: its items
        else if (tokens[at] === "for") loop(values, end);
        else if (tokens[at] === "(" && tokens[at + 2] === ")" && tokens[at + 3] === ":") at += 4; // "(0):", as printed
        else if (tokens[at + 1] === "=") named[tokens[at]] = ((at += 2), expression());
        else values.push(expression());
      }
      at++;
      return { values, named };
    };
    /** "for _ in range(4)" behind an item: so many of it. */
    const loop = (values, end) => {
      const [, times] = /^for \w+ in range \( (\d+) \)$/.exec(tokens.slice(at, at + 7).join(" ")) ?? [];
      if (times) at += 7, values.push(...Array(Math.min(times, S6Receptive.MOST + 1)).fill(values.pop()));
      else {
        while (at < tokens.length && tokens[at] !== end) at++;
        values.push({ name: "for", values: [], named: {} });
      }
    };
    const found = [];
    while (at < tokens.length) {
      const one = value();
      if (one?.name) found.push(one);
    }
    return found;
  }

  const refused = (name, why) => ({ ...layer("conv"), text: name.replace(/[^\w.]/g, ""), fault: `${name}: ${why}` });
  const two = (value) => (Array.isArray(value) ? (value[0] === value[1] || value.length === 1 ? value[0] : value.slice(0, 2)) : value);
  const each = (value, change) => (Array.isArray(value) ? value.map(change) : change(value));

  function rows({ name, values, named, unknown }) {
    if (unknown) return [refused(/\w/.test(unknown) ? unknown : "Python", "what it stands for cannot be read from this text.")];
    const inside = [...values, ...Object.values(named)].flat(3).filter((one) => one?.name || one?.unknown);
    if (/^(Sequential|OrderedDict|ModuleList)$/.test(name)) return inside.flatMap(rows);
    if (name === "Sum") return inside.flatMap((branch, at) => [{ op: at ? "|" : "[" }, ...(branch.name === "Identity" ? [] : rows(branch))]).concat({ op: "]" });
    if (name === "for") return [refused(name, "a loop is known here as “for _ in range(4)” alone.")];
    if (name in PLACEWISE) return S6Receptive.parse(PLACEWISE[name]);
    const signature = SIGNATURES[name];
    if (!signature) {
      if (/^(Flatten|Linear)$/.test(name)) return S6Receptive.parse(name);
      return [refused(name, "is not a layer that is known here. Known are convolutions, poolings, Upsample, norms, activations, and Sum of branches.")];
    }
    const given = { ...Object.fromEntries(values.map((value, at) => [signature[at], value])), ...named };
    return [one(name, given)];
  }

  const number = (value) => (Array.isArray(value) ? value.map(number) : value?.unknown || value?.name ? Number.NaN : value);

  function one(name, given) {
    for (const key of ["kernel_size", "stride", "padding", "dilation", "output_padding", "scale_factor"]) given[key] = number(given[key]);
    if (given.ceil_mode) return refused(name, "ceil_mode=True is not known here.");
    if (given.output_padding && [given.output_padding].flat().some(Boolean)) return refused(name, "output_padding is not known here.");
    if (name.startsWith("Adaptive")) {
      return [given.output_size].flat().every((size) => size === 1) ? { ...layer("gap") } : refused(name, "only an output of 1 is known here.");
    }
    if (name.startsWith("Upsampl")) {
      if ((given.mode ?? "nearest") !== "nearest") return refused(name, `mode="${given.mode}" is not known here, nearest is.`);
      return layer("up", { kernel: two(given.scale_factor) ?? Number.NaN });
    }
    const kernel = two(given.kernel_size) ?? Number.NaN;
    const changes = { kernel, stride: two(given.stride) ?? (name.endsWith("Pool2d") ? kernel : 1), dilation: two(given.dilation) ?? 1 };
    changes.padding = two(given.padding === "valid" ? 0 : given.padding ?? 0);
    if (changes.padding === "same") {
      const spare = (axis) => ([changes.dilation].flat().at(axis) ?? changes.dilation) * (([kernel].flat().at(axis) ?? kernel) - 1);
      const both = Array.isArray(kernel) || Array.isArray(changes.dilation) ? [spare(0), spare(-1)] : spare(0);
      if ([both].flat().some((total) => total % 2)) return refused(name, 'padding="same" with an even kernel pads one side more than the other.');
      changes.padding = two(each(both, (total) => total / 2));
    }
    if (Number.isInteger(given.out_channels)) changes.channels = given.out_channels;
    return layer(OPS[name], changes);
  }

  /** The channels of the image, as the first convolution has them; undefined without one. */
  const channelsOf = (calls) => {
    for (const { name, values = [], named = {} } of calls.flat(3).filter((one) => one?.name)) {
      const found = /^Conv(Transpose)?2d$/.test(name) ? named.in_channels ?? values[0] : channelsOf([...values, ...Object.values(named)]);
      if (found !== undefined) return found;
    }
    return undefined;
  };

  /** Read PyTorch code, or a printed net: {rows, channels} of the image, or {refused: why}. Is it no code, null. */
  function fromTorch(text) {
    const code = text.replace(/^class Sum\b.*\n(?:[ \t]+.*\n|\s*\n)*/m, ""); // as `toTorch` writes it
    if (!/\b[A-Z]\w*\s*\(/.test(code)) return null;
    if (/\bdef\s+forward\b/.test(code)) return { refused: "What a forward() does cannot be read here, an nn.Sequential can." };
    const found = calls(code).filter(({ name }) => /^[A-Z]/.test(name)); // functions are no modules
    const channels = channelsOf(found);
    return { rows: found.flatMap(rows), channels: Number.isInteger(channels) ? channels : 1 };
  }

  const SUM = `class Sum(nn.Module):
    """Branches that start from the same maps, added."""

    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return sum(branch(x) for branch in self.branches)


`;
  const CHANNELS = 16; // of a convolution that says nothing of them
  const python = (value) => (Array.isArray(value) ? `(${value.join(", ")})` : value);

  function code(row, into) {
    const out = row.channels ?? CHANNELS;
    const options = (usual) => Object.entries(usual).filter(([key, value]) => String(row[key]) !== String(value))
      .map(([key]) => `, ${key}=${python(row[key])}`).join("");
    const usual = { stride: 1, padding: 0, dilation: 1 };
    if (row.op === "conv") return `nn.Conv2d(${into}, ${out}, ${python(row.kernel)}${options(usual)})`;
    if (row.op === "tconv") return `nn.ConvTranspose2d(${into}, ${out}, ${python(row.kernel)}${options(usual)})`;
    if (row.op === "max") return `nn.MaxPool2d(${python(row.kernel)}${options({ ...usual, stride: row.kernel })})`;
    if (row.op === "avg") return `nn.AvgPool2d(${python(row.kernel)}${options({ stride: row.kernel, padding: 0 })})`;
    if (row.op === "gap") return "nn.AdaptiveAvgPool2d(1)";
    if (row.op === "up") return `nn.Upsample(scale_factor=${python(row.kernel)})`;
    if (row.whole) return /^flatten/i.test(row.word) ? "nn.Flatten()" : "nn.LazyLinear(10)";
    const word = row.word.toLowerCase();
    const name = Object.keys(PLACEWISE).find((key) => PLACEWISE[key] === word || key.toLowerCase() === word || key.toLowerCase() === `${word}2d`) ?? "Identity";
    const inside = { BatchNorm2d: into, InstanceNorm2d: into, GroupNorm: `1, ${into}`, LayerNorm: "", Softmax: "dim=1" }[name] ?? "";
    return name === "LayerNorm" ? `nn.GroupNorm(1, ${into})` : `nn.${name}(${inside})`; // a LayerNorm would need the maps' size
  }

  /** Write a stack as PyTorch that runs, on an image of `channels`. Rows that could not be read stand as comments. */
  function toTorch(rows, channels) {
    const lines = [];
    const open = []; // of the branches: the channels that reach them, and how deep they stand
    let into = channels;
    const put = (text) => lines.push("    ".repeat(1 + 2 * open.length) + text);
    for (const row of rows) {
      if (row.fault ?? outOfLimits(row, 0) ?? outOfLimits(row, 1)) put(`# ${row.text ?? S6Receptive.format([row])}`);
      else if (row.op === "[") put("Sum("), open.push(into), lines.push(`${"    ".repeat(2 * open.length)}nn.Sequential(`);
      else if (row.op === "|" && open.length) lines.push(`${"    ".repeat(2 * open.length)}),`, `${"    ".repeat(2 * open.length)}nn.Sequential(`), (into = open.at(-1));
      else if (row.op === "]" && open.length) lines.push(`${"    ".repeat(2 * open.length)}),`), open.pop(), put("),");
      else if (!/^[|\]]$/.test(row.op)) {
        put(`${code(row, into)},${row.given ? `  # ${row.given}` : ""}`);
        if (row.op === "conv" || row.op === "tconv") into = row.channels ?? CHANNELS;
      }
    }
    const sums = rows.some(({ op }) => op === "[");
    const text = lines.join("\n").replace(/nn\.Sequential\(\n\s*\),/g, "nn.Identity(),");
    return `from torch import nn\n\n${sums ? `\n${SUM}` : ""}net = nn.Sequential(\n${text}\n)\n`;
  }

  Object.assign(S6Receptive, { fromTorch, toTorch });
})((window.S6Receptive ??= {}));
