/* A stored net in plain JavaScript: a fold over its rows, which are those of s6core/layers.py, and nothing of the page.

   A stored net is {rows, mean, deviation}; a row is {name, op, input: [C, H, W], output, kernel: [vertical, horizontal],
   stride, padding, dilation, groups}, and where it is trained {weight, bias} or, for a batch norm, {scale, shift}: its
   four statistics folded into two numbers per channel. They stay behind the ReLU, where the net has them: folded into
   the next convolution they would be wrong along its zero padding. Numbers are base64 of little-endian float32. */
((S6Live) => {
  "use strict";

  const EPSILON = 1e-5; // torch's default for every norm

  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const floats = (text) => Float64Array.from(new Float32Array(bytes(text).buffer));
  const places = ([, height, width]) => height * width;

  let patches = new Float64Array(0); // one for all convolutions: a new megabyte for each keeps the browser busy clearing up

  /** Write every place's window into `patches`, one after the other, so that a filter is a dot product; the padding is 0.
      Doubles, which is what JavaScript computes with, spare a conversion at every product. */
  function windows({ input, output, kernel, stride, padding, dilation }, x) {
    const [channels, height, width] = input;
    const [, rows, columns] = output;
    const [tall, wide] = kernel;
    const needed = rows * columns * channels * tall * wide;
    if (patches.length < needed) patches = new Float64Array(needed);
    let at = 0;
    for (let row = 0; row < rows; row++) {
      const top = row * stride[0] - padding[0];
      for (let column = 0; column < columns; column++) {
        const left = column * stride[1] - padding[1];
        for (let channel = 0; channel < channels; channel++) {
          for (let v = 0, y = top; v < tall; v++, y += dilation[0]) {
            const start = (channel * height + y) * width;
            const inside = y >= 0 && y < height;
            for (let h = 0, z = left; h < wide; h++, at++, z += dilation[1]) {
              patches[at] = inside && z >= 0 && z < width ? x[start + z] : 0;
            }
          }
        }
      }
    }
    return patches;
  }

  /** Two places and four filters at a time read each number once for several products: several times as fast as one by
      one. At an end the last place or filter is computed twice. */
  function conv(row, x) {
    const { output, groups, weight } = row;
    const [filters, size] = [output[0], places(output)];
    const bias = row.bias ?? new Float64Array(filters);
    const whole = row.input[0] * row.kernel[0] * row.kernel[1];
    const numbers = windows(row, x);
    const length = whole / groups; // of a window that a filter reads: the channels of its group
    const y = new Float32Array(filters * size);
    for (let group = 0; group < groups; group++) {
      const last = ((group + 1) * filters) / groups - 1;
      for (let one = 0; one < size; one += 2) {
        const two = Math.min(one + 1, size - 1);
        const [p, q] = [one * whole + group * length, two * whole + group * length];
        for (let a = (group * filters) / groups; a <= last; a += 4) {
          const b = Math.min(a + 1, last), c = Math.min(a + 2, last), d = Math.min(a + 3, last);
          const wa = a * length, wb = b * length, wc = c * length, wd = d * length;
          let a1 = bias[a], b1 = bias[b], c1 = bias[c], d1 = bias[d];
          let a2 = a1, b2 = b1, c2 = c1, d2 = d1;
          for (let at = 0; at < length; at++) {
            const x1 = numbers[p + at], x2 = numbers[q + at];
            const va = weight[wa + at], vb = weight[wb + at], vc = weight[wc + at], vd = weight[wd + at];
            a1 += x1 * va; b1 += x1 * vb; c1 += x1 * vc; d1 += x1 * vd;
            a2 += x2 * va; b2 += x2 * vb; c2 += x2 * vc; d2 += x2 * vd;
          }
          y[a * size + one] = a1; y[b * size + one] = b1; y[c * size + one] = c1; y[d * size + one] = d1;
          y[a * size + two] = a2; y[b * size + two] = b2; y[c * size + two] = c2; y[d * size + two] = d2;
        }
      }
    }
    return y;
  }

  /** Sum (or take the largest of) what a window holds; a pooling has no padding here. */
  function pool({ input, output, kernel, stride }, x, largest) {
    const [channels, height, width] = input;
    const [, rows, columns] = output;
    const y = new Float32Array(channels * rows * columns);
    for (let at = 0; at < y.length; at++) {
      const channel = Math.floor(at / (rows * columns));
      const top = (Math.floor(at / columns) % rows) * stride[0];
      const left = (at % columns) * stride[1];
      let total = largest ? -Infinity : 0;
      for (let v = 0; v < kernel[0]; v++) {
        for (let h = 0; h < kernel[1]; h++) {
          const value = x[(channel * height + top + v) * width + left + h];
          total = largest ? Math.max(total, value) : total + value;
        }
      }
      y[at] = largest ? total : total / (kernel[0] * kernel[1]);
    }
    return y;
  }

  const whole = (row) => ({ ...row, kernel: row.input.slice(1), stride: row.input.slice(1) });

  function linear({ output, weight, bias }, x) {
    return Float32Array.from({ length: output[0] }, (_, unit) => {
      let total = bias[unit];
      for (let at = 0; at < x.length; at++) total += weight[unit * x.length + at] * x[at];
      return total;
    });
  }

  /** Give each group of channels mean 0 and deviation 1, then each channel its scale and shift. */
  function grouped({ input, groups, weight, bias }, x) {
    const y = new Float32Array(x.length);
    const size = x.length / groups;
    for (let group = 0; group < groups; group++) {
      const part = x.subarray(group * size, (group + 1) * size);
      const mean = part.reduce((sum, value) => sum + value, 0) / size;
      const variance = part.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
      part.forEach((value, at) => (y[group * size + at] = (value - mean) / Math.sqrt(variance + EPSILON)));
    }
    return affine(input, y, weight, bias);
  }

  function affine(shape, x, scale, shift) {
    const size = places(shape);
    const y = new Float32Array(x.length);
    for (let channel = 0, at = 0; channel < shape[0]; channel++) {
      for (const end = at + size; at < end; at++) y[at] = x[at] * scale[channel] + shift[channel];
    }
    return y;
  }

  /** The normal distribution function, to 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26). */
  function normal(x) {
    const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
    const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    const below = (tail * Math.exp((-x * x) / 2)) / 2;
    return x > 0 ? 1 - below : below;
  }

  /** A function of one number, on each: `map` of an array of floats is ten times as slow. */
  const placewise = (change) => (row, x) => {
    const y = new Float32Array(x.length);
    for (let at = 0; at < x.length; at++) y[at] = change(x[at]);
    return y;
  };

  const OPS = {
    conv,
    linear,
    relu: placewise((value) => Math.max(value, 0)),
    leaky: placewise((value) => (value > 0 ? value : 0.01 * value)),
    gelu: placewise((value) => value * normal(value)),
    silu: placewise((value) => value / (1 + Math.exp(-value))),
    "batch-norm": (row, x) => affine(row.input, x, row.scale, row.shift),
    "group-norm": grouped,
    "layer-norm": (row, x) => grouped({ ...row, groups: 1 }, x),
    "instance-norm": (row, x) => grouped({ ...row, groups: row.input[0] }, x),
    dropout: (row, x) => x, // at rest: it acts in training only
    "channel-dropout": (row, x) => x,
    "max-pool": (row, x) => pool(row, x, true),
    "average-pool": (row, x) => pool(row, x, false),
    "global-average": (row, x) => pool(whole(row), x, false),
    "global-max": (row, x) => pool(whole(row), x, true),
    flatten: (row, x) => x,
  };

  /** A net as it is stored, with its numbers as numbers. */
  function open({ rows, mean, deviation }) {
    const trained = ["weight", "bias", "scale", "shift"];
    const ready = rows.map((row) => ({
      ...row,
      ...Object.fromEntries(trained.filter((name) => row[name]).map((name) => [name, floats(row[name])])),
    }));
    return { rows: ready, mean, deviation };
  }

  /** What comes out of every row, from an image of bytes (0 paper to 255 ink), channels first: the last are the logits. */
  function run({ rows, mean, deviation }, image) {
    let x = Float32Array.from(image, (value) => (value / 255 - mean) / deviation);
    return rows.map((row) => (x = OPS[row.op](row, x)));
  }

  /** The share that a softmax gives each logit. */
  function softmax(logits) {
    const most = Math.max(...logits);
    const powers = Array.from(logits, (value) => Math.exp(value - most));
    const total = powers.reduce((sum, value) => sum + value, 0);
    return powers.map((value) => value / total);
  }

  /** What each place of the last maps adds to each class, [class][place]: over the places it adds up to the logits. */
  function votes({ rows }, outputs) {
    const head = rows.findIndex(({ op }) => op === "global-average" || op === "flatten");
    const maps = outputs[head - 1];
    const [channels, height, width] = rows[head].input;
    const size = height * width;
    const { output, weight, bias } = rows.at(-1);
    const pooled = rows[head].op === "global-average";
    const share = (target, channel, place) => // of this value of the maps in the class's logit
      !weight ? (channel === target) / size : pooled ? weight[target * channels + channel] / size : weight[(target * channels + channel) * size + place];
    return Array.from({ length: output[0] }, (_, target) =>
      Float32Array.from({ length: size }, (_, place) => {
        let total = bias ? bias[target] / size : 0;
        for (let channel = 0; channel < channels; channel++) total += share(target, channel, place) * maps[channel * size + place];
        return total;
      }));
  }

  /** The pixels that unit [row, column] of a row's output sees: [top, left, bottom, right], cut at the image's border. */
  function field(rows, at, unit) {
    let [from, to] = [unit.slice(), unit.slice()];
    for (const row of rows.slice(0, at + 1).reverse()) {
      const { kernel, stride, padding, dilation } = row.op.startsWith("global") ? { ...whole(row), padding: [0, 0], dilation: [1, 1] } : row;
      from = from.map((index, axis) => index * stride[axis] - padding[axis]);
      to = to.map((index, axis) => index * stride[axis] - padding[axis] + (kernel[axis] - 1) * dilation[axis]);
    }
    const [, ...size] = rows[0].input;
    return [...from.map((index) => Math.max(index, 0)), ...to.map((index, axis) => Math.min(index, size[axis] - 1))];
  }

  Object.assign(S6Live, { bytes, open, run, softmax, votes, field });
})((window.S6Live ??= {}));
