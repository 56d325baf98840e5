/* The receptive field of a stack of layers: arithmetic only, nothing of the page, one axis at a time.

   A row is {op, kernel, stride, padding, dilation}; each number may be a pair, [vertical, horizontal]. `op` is "conv",
   "max", "avg", "gap", "up" (nearest neighbour, by `kernel`), "tconv" (transposed), "point" (what works place by
   place), or "[", "|", "]": between the brackets stand branches that start from one map and are added.
   Convention: the box of unit i begins at −padding + i·stride, in input pixels counted from 0. */
((S6Receptive) => {
  "use strict";

  const LIMITS = { kernel: [1, 99], stride: [1, 99], padding: [0, 99], dilation: [1, 99] };
  const SLIDING = new Set(["conv", "max", "avg", "tconv", "up"]);
  const JOINS = { "[": "This bracket is never closed: write ] where its branches are added.", "|": "", "]": "" };

  const on = (value, axis) => (Array.isArray(value) ? value[axis] : value);
  const common = (a, b) => (b ? common(b, a % b) : a);

  /** The window of a row along an axis, over maps of `length` units: a global pooling's is the whole map. */
  function windowOf(row, length, axis) {
    if (row.op === "gap") return { kernel: length, stride: length, padding: 0, dilation: 1 };
    if (!SLIDING.has(row.op)) return { kernel: 1, stride: 1, padding: 0, dilation: 1 };
    return Object.fromEntries(Object.keys(LIMITS).map((name) => [name, on(row[name], axis)]));
  }

  /** Which number of a row no layer can have along an axis, or null. */
  function outOfLimits(row, axis) {
    for (const [name, [least, most]] of SLIDING.has(row.op) ? Object.entries(LIMITS) : []) {
      const value = on(row[name], axis);
      if (!(Number.isInteger(value) && value >= least && value <= most)) {
        return `Its ${name} is ${Number.isNaN(value) || value == null ? "missing" : value}: allowed is a whole number from ${least} to ${most}.`;
      }
    }
    return null;
  }

  /** Why a row cannot work on maps of `length` units along an axis, or null. */
  function fault(row, length, axis) {
    if (row.fault) return row.fault;
    if (row.whole && length > 1) return `“${row.word}” joins all units: what follows it sees the whole image, and has no map to slide over.`;
    if (!SLIDING.has(row.op)) return null;
    const outside = outOfLimits(row, axis);
    if (outside || row.op === "up") return outside;
    const { kernel, stride, padding, dilation } = windowOf(row, length, axis);
    if (row.op === "tconv") {
      if (kernel < stride) return `Its kernel of ${kernel} is smaller than its stride of ${stride}: some units would be made from nothing.`;
      return (length - 1) * stride - 2 * padding + kernel < 1 ? `A padding of ${padding} leaves no unit.` : null;
    }
    if (row.op !== "conv" && 2 * padding > kernel) {
      return `A padding of ${padding} is more than half of its kernel of ${kernel}: some windows would hold no unit at all.`;
    }
    const span = dilation * (kernel - 1) + 1;
    if (span > length + 2 * padding) {
      const padded = padding ? `, ${length + 2 * padding} with the padding` : "";
      return `Its window spans ${span} units, but the maps that reach it have only ${length}${padded}. ` +
        "Use a smaller kernel or dilation, less pooling before it, or more padding.";
    }
    return null;
  }

  /** How a row maps units: the length of its maps, the units below that unit i reads, and how many units make one
      period of `stride` (of the maps below) each. */
  function slide(row, window, input) {
    const { kernel, stride, padding, dilation } = window;
    const taps = Array.from({ length: kernel }, (_, tap) => tap * dilation);
    if (row.op === "up") {
      const below = (unit) => Math.floor(unit / kernel);
      return { output: input * kernel, reads: (unit) => [below(unit)], low: below, high: below, scale: 1 / kernel };
    }
    if (row.op === "tconv") {
      const low = (unit) => Math.ceil((unit + padding - kernel + 1) / stride);
      const high = (unit) => Math.floor((unit + padding) / stride);
      const reads = (unit) => Array.from({ length: high(unit) - low(unit) + 1 }, (_, n) => low(unit) + n);
      return { output: (input - 1) * stride - 2 * padding + kernel, reads, low, high, scale: 1 / stride };
    }
    const low = (unit) => unit * stride - padding;
    const reads = (unit) => taps.map((tap) => low(unit) + tap);
    const output = Math.floor((input + 2 * padding - taps[kernel - 1] - 1) / stride) + 1;
    return { output, reads, low, high: (unit) => low(unit) + taps[kernel - 1], scale: stride };
  }

  const remembered = (compute) => {
    const known = new Map();
    return (unit) => known.get(unit) ?? (known.set(unit, compute(unit)), known.get(unit));
  };
  const length = ([start, end]) => end - start + 1;

  /** What is known of a row's units from the rows that it reads: their boxes, of all paths and of the shortest. */
  function record(row, window, inputs, below) {
    const { output, reads, low, high, scale } = slide(row, window, below[0].output);
    const hull = (key) => (unit) => below.map((node) => [node[key](low(unit))[0], node[key](high(unit))[1]]);
    const box = remembered((unit) => {
      const boxes = hull("box")(unit);
      return [Math.min(...boxes.map(([start]) => start)), Math.max(...boxes.map(([, end]) => end))];
    });
    const shortest = remembered((unit) => hull("shortest")(unit).reduce((a, b) => (length(b) < length(a) ? b : a)));
    const periods = below.map(({ period }) => (scale < 1 ? Math.round(period / scale) : period / common(period, scale)));
    const period = row.op === "gap" ? 1 : periods.reduce((a, b) => (a * b) / common(a, b));
    const units = Array.from({ length: Math.min(period, output) }, (_, unit) => unit);
    const sizes = units.map((unit) => length(box(unit)));
    const [start, end] = box(0);
    return {
      input: below[0].output, output, window, inputs, reads, low, high, box, shortest, period,
      size: Math.max(...sizes), smallest: Math.min(...sizes), least: Math.min(...units.map((unit) => length(shortest(unit)))),
      stride: below[0].stride * scale, padding: 0 - start, centre: (start + end) / 2,
    };
  }

  /** The rows that open, part and close branches, each with the bracket that opens them, or with what is wrong. */
  function brackets(rows) {
    const open = [];
    const found = new Map();
    rows.forEach(({ op }, at) => {
      if (op === "[") open.push(at), found.set(at, { error: JOINS["["], ends: [] });
      else if (op === "|" || op === "]") {
        if (!open.length) return void found.set(at, { error: `There is no [ before this ${op}.` });
        found.set(at, { from: open.at(-1) });
        found.get(open.at(-1)).ends.push(at - 1);
        if (op === "]") {
          const own = found.get(open.pop());
          own.error = null;
          if (own.ends.length < 2) found.set(at, { error: "One branch alone: write | between two, as in [conv3p1 | ]." });
        }
      }
    });
    return found;
  }

  function mismatch(below) {
    const [first, ...others] = below;
    const other = others.find(({ output, stride }) => output !== first.output || Math.abs(stride - first.stride) > 1e-9);
    if (!other) return null;
    return other.output !== first.output
      ? `Its branches end in maps of ${first.output} and of ${other.output} units: they cannot be added.`
      : `Its branches step by ${first.stride} and by ${other.stride} pixels: their units do not lie on one another.`;
  }

  /** One record per row, along one axis: {input, output} in units, {size, smallest, least, stride, padding, centre} in
      input pixels, the window. `size` is the largest field of the row's units, `smallest` the smallest (they differ
      behind an upsampling), `least` that of the shortest path. The first row that does not fit has an `error` instead,
      and so has every row after it. */
  function fields(rows, inputSize, axis = 1) {
    const pixel = (unit) => [unit, unit];
    const image = { output: inputSize, stride: 1, period: 1, box: pixel, shortest: pixel };
    const records = [];
    const parts = brackets(rows);
    let broken = false;
    rows.forEach((row, at) => {
      const part = parts.get(at);
      const inputs = row.op === "]" && part.from != null ? parts.get(part.from).ends : row.op === "|" && part.from != null ? [part.from] : [at - 1];
      const below = broken ? [] : inputs.map((input) => (input < 0 ? image : records[input]));
      const error = broken ? null : part?.error ?? fault(row, below[0].output, axis) ?? mismatch(below);
      broken ||= error != null;
      records.push(broken ? { error: error ?? row.fault ?? "No map reaches this layer." }
        : record(row, windowOf(row, below[0].output, axis), inputs, below));
    });
    return records;
  }

  /** What unit `index` of `records[layer]` sees, along one axis: one level per row, levels[0] the input's pixels,
      levels[layer + 1] the unit itself, null for rows that it does not read. In each, [start, end] is the box, which
      may reach past the border; [first, last] is the part of it that is read (first > last where nothing is);
      paths[n] is the number of ways from n to the unit, relative to the largest. */
  function trace(records, layer, index) {
    const levels = new Array(layer + 2).fill(null);
    levels[layer + 1] = { start: index, end: index, paths: new Float64Array(records[layer].output) };
    levels[layer + 1].paths[index] = 1;
    for (let at = layer; at >= 0; at--) {
      const level = levels[at + 1];
      if (!level) continue;
      const { input, inputs, reads, low, high } = records[at];
      for (const source of inputs) {
        const below = (levels[source + 1] ??= { start: Infinity, end: -Infinity, paths: new Float64Array(input) });
        below.start = Math.min(below.start, low(level.start));
        below.end = Math.max(below.end, high(level.end));
        level.paths.forEach((count, unit) => {
          if (count) for (const place of reads(unit)) if (place >= 0 && place < input) below.paths[place] += count;
        });
      }
    }
    for (const level of levels.filter(Boolean)) {
      const most = level.paths.reduce((a, b) => Math.max(a, b), 0);
      if (most) level.paths.forEach((count, at) => (level.paths[at] = count / most));
      level.first = most ? level.paths.findIndex((count) => count > 0) : 0;
      level.last = most ? level.paths.findLastIndex((count) => count > 0) : -1;
    }
    return levels;
  }

  /** The ways from every pixel of the image to a unit, row by row, relative to the most. Without branches they are the
      product of both axes; branches add up, so there both axes are followed at once. */
  function ways([vertical, horizontal], layer, unit) {
    const maps = new Array(layer + 2).fill(null);
    maps[layer + 1] = new Float64Array(vertical[layer].output * horizontal[layer].output);
    maps[layer + 1][unit[0] * horizontal[layer].output + unit[1]] = 1;
    for (let at = layer; at >= 0; at--) {
      if (!maps[at + 1]) continue;
      const across = back(maps[at + 1], horizontal[at]); // each turns the map over, so both set it upright
      const down = back(across, vertical[at]);
      for (const source of vertical[at].inputs) {
        const sum = (maps[source + 1] ??= new Float64Array(down.length));
        down.forEach((count, place) => (sum[place] += count));
      }
    }
    const most = maps[0].reduce((a, b) => Math.max(a, b), 0);
    return maps[0].map((count) => (most ? count / most : 0));
  }

  /** Send the counts of a map back through a row along its lines; the result is transposed. */
  function back(values, { input, output, reads }) {
    const lines = values.length / output;
    const result = new Float64Array(input * lines);
    const places = Array.from({ length: output }, (_, unit) => reads(unit).filter((place) => place >= 0 && place < input));
    for (let line = 0; line < lines; line++) {
      for (let unit = 0; unit < output; unit++) {
        const count = values[line * output + unit];
        if (count) for (const place of places[unit]) result[place * lines + line] += count;
      }
    }
    return result;
  }

  Object.assign(S6Receptive, { fields, trace, ways, outOfLimits });
})((window.S6Receptive ??= {}));
