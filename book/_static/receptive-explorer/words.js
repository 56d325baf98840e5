/* What is said about a unit, on the page and to a screen reader. */
((S6Receptive) => {
  "use strict";

  const range = (what, { first, last }) => `${what}${first === last ? "" : "s"} ${first}${first === last ? "" : `–${last}`}`;
  const extent = ({ first, last }) => Math.max(last - first + 1, 0);
  const box = ({ start, end }) => end - start + 1;
  const by = (vertical, horizontal) => `${vertical} × ${horizontal}`;

  function outside(vertical, horizontal, length) {
    const sides = {
      above: Math.min(-vertical.start, box(vertical)), below: Math.min(vertical.end - length + 1, box(vertical)),
      left: Math.min(-horizontal.start, box(horizontal)), right: Math.min(horizontal.end - length + 1, box(horizontal)),
    };
    return Object.entries(sides).filter(([, count]) => count > 0).map(([side, count]) =>
      side === "above" || side === "below" ? `${count} row${count > 1 ? "s" : ""} ${side}` : `${count} column${count > 1 ? "s" : ""} to the ${side}`);
  }

  /** "Layer conv4, unit (3, 5): sees rows 3–14, columns 7–18, 12 × 12 pixels." and what is special about it. */
  function describe(name, [row, column], vertical, horizontal, length) {
    const unit = `Layer ${name}, unit (${row}, ${column}): `;
    if (!extent(vertical) || !extent(horizontal)) return `${unit}sees no pixel at all: its box lies in the padding.`;
    const size = by(extent(vertical), extent(horizontal));
    let text = `${unit}sees ${range("row", vertical)}, ${range("column", horizontal)}, ${size} pixels.`;
    const beyond = outside(vertical, horizontal, length);
    if (beyond.length) text += ` Its box of ${by(box(vertical), box(horizontal))} reaches past the image: ${beyond.join(", ")}.`;
    const read = [vertical, horizontal].map(({ paths }) => paths.filter((count) => count > 0).length);
    const pixels = read[0] * read[1];
    if (pixels < extent(vertical) * extent(horizontal)) {
      text += ` It reads only ${pixels} of these ${extent(vertical) * extent(horizontal)} pixels; the others fall into the gaps.`;
    }
    return text;
  }

  /** "3 × 3 of pool3 ← 6 × 6 of conv3 ← … ← 12 × 12 pixels": the way back, layer by layer. */
  function wayBack(names, vertical, horizontal) {
    const steps = vertical.slice(0, -1).map((level, at) => {
      const size = by(extent(level), extent(horizontal[at]));
      return at ? `${size} of ${names[at - 1]}` : `${size} pixels`;
    });
    return `1 unit ← ${steps.reverse().join(" ← ")}`;
  }

  /** "3 × 3 s2 p1", for the head of a map, with the letters of the stack's text. */
  function recipe({ op, kernel, stride, padding, dilation }) {
    if (op === "gap") return "average of all";
    const parts = [`${kernel} × ${kernel}${op === "conv" ? "" : ` ${op}`}`];
    if (stride !== (op === "conv" ? 1 : kernel)) parts.push(`s${stride}`);
    if (padding) parts.push(`p${padding}`);
    if (dilation > 1) parts.push(`d${dilation}`);
    return parts.join(" ");
  }

  Object.assign(S6Receptive, { describe, wayBack, recipe });
})((window.S6Receptive ??= {}));
