/* What is said about a unit, on the page and to a screen reader. */
((S6Receptive) => {
  "use strict";

  const range = (what, { first, last }) => `${what}${first === last ? "" : "s"} ${first}${first === last ? "" : `–${last}`}`;
  const extent = ({ first, last }) => Math.max(last - first + 1, 0);
  const box = ({ start, end }) => end - start + 1;
  const by = (vertical, horizontal) => `${vertical} × ${horizontal}`;

  /** −3 and 2.5 as they are printed in mathematics. */
  const number = (value) => String(Number(value.toFixed(3))).replace("-", "−");

  /** A step; of less than a pixel, behind an upsampling, as a fraction. */
  const step = (value) => (value < 1 ? `1/${number(1 / value)}` : number(value));

  /** A number that may differ along the two axes: "7", or "1 × 7". */
  const both = (vertical, horizontal) => (vertical === horizontal ? horizontal : `${vertical} × ${horizontal}`);

  /** The field of a row's units: "12", "7–8" where its units differ, "3 × 7" where the axes do. */
  function field(vertical, horizontal) {
    const one = ({ smallest, size }) => (smallest === size ? String(size) : `${smallest}–${size}`);
    return both(one(vertical), one(horizontal));
  }

  function outside(vertical, horizontal, length) {
    const sides = {
      above: Math.min(-vertical.start, box(vertical)), below: Math.min(vertical.end - length + 1, box(vertical)),
      left: Math.min(-horizontal.start, box(horizontal)), right: Math.min(horizontal.end - length + 1, box(horizontal)),
    };
    return Object.entries(sides).filter(([, count]) => count > 0).map(([side, count]) =>
      side === "above" || side === "below" ? `${count} row${count > 1 ? "s" : ""} ${side}` : `${count} column${count > 1 ? "s" : ""} to the ${side}`);
  }

  /** "Layer conv4, unit (3, 5): sees rows 3–14, columns 7–18, 12 × 12 pixels." and what is special about it: `pixels`
      that are really read, the box of the `shortest` path, [height, width], and a row that `mixes` whole maps. */
  function describe(name, [row, column], vertical, horizontal, length, { pixels, shortest, mixes } = {}) {
    const unit = `Layer ${name}, unit (${row}, ${column}): `;
    if (!extent(vertical) || !extent(horizontal)) return `${unit}sees no pixel at all: its box lies in the padding.`;
    const size = by(extent(vertical), extent(horizontal));
    let text = `${unit}sees ${range("row", vertical)}, ${range("column", horizontal)}, ${size} pixels.`;
    const beyond = outside(vertical, horizontal, length);
    if (beyond.length) text += ` Its box of ${by(box(vertical), box(horizontal))} reaches past the image: ${beyond.join(", ")}.`;
    const all = extent(vertical) * extent(horizontal);
    if (pixels < all) text += ` It reads only ${pixels} of these ${all} pixels; the others fall into the gaps.`;
    if (shortest && shortest[0] * shortest[1] < box(vertical) * box(horizontal)) text += ` By its shortest path it sees ${by(...shortest)}.`;
    if (mixes) text += ` Through ${mixes}, which normalises over whole maps, every pixel has a faint say.`;
    return text;
  }

  /** "3 × 3 of pool3 ← 6 × 6 of conv3 ← … ← 12 × 12 pixels": the way back, layer by layer. */
  function wayBack(names, vertical, horizontal, shown) {
    const steps = vertical.slice(0, -1).flatMap((level, at) => {
      if (!level || (at && !shown[at - 1])) return [];
      const size = by(extent(level), extent(horizontal[at]));
      return [at ? `${size} of ${names[at - 1]}` : `${size} pixels`];
    });
    return `1 unit ← ${steps.reverse().join(" ← ")}`;
  }

  /** "3 × 3 s2 p1", for the head of a map, with the letters of the stack's text. */
  function recipe({ op, kernel, stride, padding, dilation }) {
    if (op === "gap") return "average of all";
    if (op === "]") return "sum of branches";
    const [high, wide] = [kernel].flat().length > 1 ? kernel : [kernel, kernel];
    if (op === "up") return high === wide ? `× ${high}` : `× ${high}, ${wide}`;
    const parts = [`${high} × ${wide}${{ conv: "", tconv: " up" }[op] ?? ` ${op}`}`];
    const text = (value) => [value].flat().join("x");
    if (text(stride) !== text(op === "conv" ? 1 : kernel)) parts.push(`s${text(stride)}`);
    if (text(padding) !== "0") parts.push(`p${text(padding)}`);
    if (text(dilation) !== "1") parts.push(`d${text(dilation)}`);
    return parts.join(" ");
  }

  Object.assign(S6Receptive, { describe, wayBack, recipe, number, step, field, both });
})((window.S6Receptive ??= {}));
