/* Ink: from what was drawn to an image as MNIST's are, and an image moved, turned or scaled. Arithmetic only. */
((S6Live) => {
  "use strict";

  const SIDE = 28;
  const BOX = 20; // MNIST's digits fill a box of 20 x 20, their proportions kept (LeCun et al. 1998, section III.A) …
  const MIDDLE = 14; // … and have their centre of mass here: in the test set at 14.0 of pixels counted from 0

  /** Rows and columns of the box around all ink of `width` x `width` values, or null where there is none. */
  function bounds(ink, width) {
    let [top, left, bottom, right] = [Infinity, Infinity, -1, -1];
    ink.forEach((value, at) => {
      if (!value) return;
      const [row, column] = [Math.floor(at / width), at % width];
      [top, left] = [Math.min(top, row), Math.min(left, column)];
      [bottom, right] = [Math.max(bottom, row), Math.max(right, column)];
    });
    return bottom < 0 ? null : { top, left, height: bottom - top + 1, width: right - left + 1 };
  }

  /** For each of `to` equal parts of `from` pixels, what share of which pixel lies in it: averages without loss. */
  function parts(from, to) {
    const size = from / to;
    return Array.from({ length: to }, (_, part) => {
      const [start, end] = [part * size, Math.min((part + 1) * size, from)];
      const shares = [];
      for (let at = Math.floor(start); at < end; at++) shares.push([at, (Math.min(at + 1, end) - Math.max(at, start)) / size]);
      return shares;
    });
  }

  /** An image of 28 x 28 bytes from `width` x `width` values of ink (0 to 255), centred and scaled as MNIST was. */
  function centre(ink, width) {
    const image = new Uint8ClampedArray(SIDE * SIDE);
    const box = bounds(ink, width);
    if (!box) return image;
    const longest = Math.max(box.height, box.width);
    const [height, across] = [box.height, box.width].map((length) => Math.max(1, Math.round((length * BOX) / longest)));
    const columns = parts(box.width, across);
    const small = parts(box.height, height).flatMap((rows) => columns.map((shares) => {
      let total = 0;
      for (const [row, high] of rows) {
        for (const [column, wide] of shares) total += high * wide * ink[(box.top + row) * width + box.left + column];
      }
      return total;
    }));
    let [mass, down, right] = [0, 0, 0];
    small.forEach((value, at) => {
      mass += value;
      down += value * Math.floor(at / across);
      right += value * (at % across);
    });
    const place = (moment, length) => Math.min(Math.max(Math.round(MIDDLE - moment / mass), 0), SIDE - length);
    const [top, left] = [place(down, height), place(right, across)];
    small.forEach((value, at) => (image[(top + Math.floor(at / across)) * SIDE + left + (at % across)] = value));
    return image;
  }

  /** An image turned clockwise (degrees), scaled about its middle, then moved (pixels); between pixels bilinear. */
  function push(image, { right = 0, down = 0, turn = 0, scale = 1 }) {
    const [sine, cosine] = [Math.sin((turn * Math.PI) / 180) / scale, Math.cos((turn * Math.PI) / 180) / scale];
    const middle = (SIDE - 1) / 2;
    const at = (row, column) => (row >= 0 && row < SIDE && column >= 0 && column < SIDE ? image[row * SIDE + column] : 0);
    return Uint8ClampedArray.from({ length: SIDE * SIDE }, (_, pixel) => {
      const y = Math.floor(pixel / SIDE) - middle - down;
      const x = (pixel % SIDE) - middle - right;
      const [row, column] = [middle + cosine * y - sine * x, middle + sine * y + cosine * x];
      const [top, left] = [Math.floor(row), Math.floor(column)];
      const [below, beside] = [row - top, column - left];
      return (1 - below) * ((1 - beside) * at(top, left) + beside * at(top, left + 1)) +
        below * ((1 - beside) * at(top + 1, left) + beside * at(top + 1, left + 1));
    });
  }

  Object.assign(S6Live, { centre, push });
})((window.S6Live ??= {}));
