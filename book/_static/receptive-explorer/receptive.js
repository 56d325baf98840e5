/* The receptive field of a stack of layers: arithmetic only, nothing of the page.

   A row is {op: "conv" | "max" | "avg" | "gap", kernel, stride, padding, dilation}; all maps are square.
   Convention: the centre of unit i lies at −padding + i·stride + (size − 1)/2, in input pixels counted from 0. */
((S6Receptive) => {
  "use strict";

  const LIMITS = { kernel: [1, 99], stride: [1, 99], padding: [0, 99], dilation: [1, 99] };

  /** The window that a row slides over maps of `length` units: a global pooling's is, and strides by, the whole map. */
  const windowOf = (row, length) =>
    row.op === "gap" ? { kernel: length, stride: length, padding: 0, dilation: 1 } : row;

  /** Why a row cannot work on maps of `length` units, or null. */
  function fault(row, length) {
    if (row.fault) return row.fault;
    const { kernel, padding, dilation } = windowOf(row, length);
    if (row.op === "gap") return null;
    for (const [name, [least, most]] of Object.entries(LIMITS)) {
      if (!(Number.isInteger(row[name]) && row[name] >= least && row[name] <= most)) {
        const value = Number.isNaN(row[name]) || row[name] == null ? "missing" : row[name];
        return `Its ${name} is ${value}: allowed is a whole number from ${least} to ${most}.`;
      }
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

  /** One record per row: {input, output} in units, {size, stride, padding, centre} in input pixels, the window.
      The first row that does not fit has an `error` instead, and so has every row after it. */
  function fields(rows, inputSize) {
    let [length, size, stride, padding, broken] = [inputSize, 1, 1, 0, false];
    return rows.map((row) => {
      const error = broken ? null : fault(row, length);
      broken ||= error !== null;
      if (broken) return { error: error ?? row.fault ?? "No map reaches this layer." };
      const window = windowOf(row, length);
      const input = length;
      length = Math.floor((input + 2 * window.padding - window.dilation * (window.kernel - 1) - 1) / window.stride) + 1;
      size += (window.kernel - 1) * window.dilation * stride;
      padding += window.padding * stride;
      stride *= window.stride;
      return { input, output: length, size, stride, padding, centre: (size - 1) / 2 - padding, window };
    });
  }

  /** What unit `index` of `records[layer]` sees, along one axis: one level per map, levels[0] the input's pixels,
      levels[layer + 1] the unit itself. In each, [start, end] is the box, which may reach past the border; [first,
      last] is the part of it that is read (first > last where nothing is); paths[n] is the number of ways from n to
      the unit, relative to the largest. */
  function trace(records, layer, index) {
    let [start, end] = [index, index];
    let paths = new Float64Array(records[layer].output);
    paths[index] = 1;
    const levels = [{ start, end, first: index, last: index, paths }];
    for (let level = layer; level >= 0; level--) {
      const { input, window: { kernel, stride, padding, dilation } } = records[level];
      const below = new Float64Array(input);
      let most = 0;
      paths.forEach((count, unit) => {
        for (let tap = 0; count && tap < kernel; tap++) {
          const at = unit * stride - padding + tap * dilation;
          if (at >= 0 && at < input) most = Math.max(most, (below[at] += count));
        }
      });
      if (most) below.forEach((count, at) => (below[at] = count / most));
      paths = below;
      start = start * stride - padding;
      end = end * stride - padding + (kernel - 1) * dilation;
      const first = paths.findIndex((count) => count > 0);
      levels.unshift({ start, end, first: most ? first : 0, last: most ? paths.findLastIndex((count) => count > 0) : -1, paths });
    }
    return levels;
  }

  Object.assign(S6Receptive, { fields, trace });
})((window.S6Receptive ??= {}));
