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

  /** Slide a window along the columns of rows × length values; the result is transposed, so twice does both axes. */
  function slide(values, rows, length, output, { kernel, stride, padding, dilation }, largest) {
    const result = new Float32Array(output * rows);
    for (let row = 0; row < rows; row++) {
      for (let unit = 0; unit < output; unit++) {
        let total = 0;
        for (let tap = 0; tap < kernel; tap++) {
          const at = unit * stride - padding + tap * dilation;
          if (at < 0 || at >= length) continue;
          const value = values[row * length + at];
          total = largest ? Math.max(total, value) : total + value / kernel;
        }
        result[unit * rows + row] = total;
      }
    }
    return result;
  }

  /** The values of every layer's map, null from the first layer that does not fit. */
  function activations(rows, records, image) {
    let values = image;
    return records.map(({ error, input, output, window }, layer) => {
      if (error || output > LARGEST) values = null;
      if (!values) return null;
      const largest = rows[layer].op === "max";
      values = slide(values, input, input, output, window, largest);
      return (values = slide(values, output, input, output, window, largest));
    });
  }

  /** Draw values as black ink whose opacity is the value; the style sheet inverts it on a dark page. */
  function draw(canvas, values, length) {
    canvas.width = canvas.height = length;
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(length, length);
    const darkest = length > 1 ? 255 : 128; // a lone unit has nothing to stand out from
    let most = 0;
    values.forEach((value) => (most = Math.max(most, value)));
    values.forEach((value, at) => (pixels.data[4 * at + 3] = most ? (darkest * value) / most : 0));
    context.putImageData(pixels, 0, 0);
  }

  /** Draw, in a colour, the number of ways from every pixel to the unit: the outer product of the two axes. */
  function drawPaths(canvas, vertical, horizontal, colour) {
    const length = vertical.length;
    draw(canvas, Float32Array.from({ length: length * length }, (_, at) =>
      vertical[Math.floor(at / length)] * horizontal[at % length]), length);
    const context = canvas.getContext("2d");
    context.globalCompositeOperation = "source-in"; // keeps the opacity, replaces the ink
    context.fillStyle = colour;
    context.fillRect(0, 0, length, length);
  }

  Object.assign(S6Receptive, { place, activations, draw, drawPaths });
})((window.S6Receptive ??= {}));
