/* What the maps show: a digit, sent through the stack with all weights equal. So every unit is the mean of what it
   sees (or the largest, after a max-pool): a map blurs exactly as fast as its receptive field grows. */
((S6Receptive) => {
  "use strict";

  const SIDE = 28;
  const LARGEST = 600; // units a side: beyond, a map is left blank rather than slow

  const bytes = (digit) => Uint8Array.from(atob(digit.pixels), (character) => character.charCodeAt(0));

  /** The digit in the middle of an image of length × length, enlarged by a whole factor; values 0 to 1. */
  function place(digit, length) {
    const pixels = bytes(digit);
    const scale = length < SIDE ? length / SIDE : Math.floor(length / SIDE);
    const margin = Math.floor((length - scale * SIDE) / 2);
    const values = new Float32Array(length * length);
    const at = (position) => Math.floor((position - margin + 0.5) / scale);
    for (let row = 0; row < length; row++) {
      for (let column = 0; column < length; column++) {
        const [y, x] = [at(row), at(column)];
        if (y >= 0 && y < SIDE && x >= 0 && x < SIDE) values[row * length + column] = pixels[y * SIDE + x] / 255;
      }
    }
    return values;
  }

  /** Slide a row along the columns of `lines` × input values; the result is transposed, so twice does both axes. */
  function slide(values, { input, output, reads, window: { kernel } }, { op }) {
    const lines = values.length / input;
    const result = new Float32Array(output * lines);
    for (let unit = 0; unit < output; unit++) {
      const places = reads(unit);
      const share = op === "tconv" ? places.length : op === "up" ? 1 : kernel;
      for (let line = 0; line < lines; line++) {
        let total = 0;
        for (const at of places) {
          if (at < 0 || at >= input) continue;
          const value = values[line * input + at];
          total = op === "max" ? Math.max(total, value) : total + value / share;
        }
        result[unit * lines + line] = total;
      }
    }
    return result;
  }

  /** The values of every row's map, null where it does not fit or is too large. */
  function activations(rows, horizontal, image, vertical = horizontal) {
    const maps = [];
    rows.forEach((row, at) => {
      const [down, across] = [vertical[at], horizontal[at]];
      if (down.error || across.error || Math.max(down.output, across.output) > LARGEST) return maps.push(null);
      const below = across.inputs.map((input) => (input < 0 ? image : maps[input]));
      if (below.includes(null)) return maps.push(null);
      if (row.op === "]") return maps.push(below[0].map((_, place) => below.reduce((sum, map) => sum + map[place], 0) / below.length));
      maps.push(across.window.kernel === 1 && across.output === across.input && down.output === down.input && row.op !== "conv"
        ? below[0] : slide(slide(below[0], across, row), down, row));
    });
    return maps;
  }

  /** Draw rows of values as black ink whose opacity is the value; the style sheet inverts it on a dark page. */
  function draw(canvas, values, width) {
    const height = values.length / width;
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(width, height);
    const darkest = values.length > 1 ? 255 : 128; // a lone unit has nothing to stand out from
    const most = values.reduce((a, b) => Math.max(a, b), 0);
    values.forEach((value, at) => (pixels.data[4 * at + 3] = most ? (darkest * value) / most : 0));
    context.putImageData(pixels, 0, 0);
  }

  /** Draw, in a colour, the number of ways from every pixel to the unit. */
  function drawPaths(canvas, ways, width, colour) {
    draw(canvas, ways, width);
    const context = canvas.getContext("2d");
    context.globalCompositeOperation = "source-in"; // keeps the opacity, replaces the ink
    context.fillStyle = colour;
    context.fillRect(0, 0, canvas.width, canvas.height);
  }

  Object.assign(S6Receptive, { place, activations, draw, drawPaths });
})((window.S6Receptive ??= {}));
