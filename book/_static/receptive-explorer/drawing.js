/* The drawing of a unit's box on the image, and how much room boxes need past the border of each map. */
((S6Receptive) => {
  "use strict";

  const hatch = (id, step) =>
    `<pattern id="${id}" width="${step}" height="${step}" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
    `<path class="rx-hatch" d="M0 0V${step}" stroke-width="${step / 4}"/></pattern>`;

  /** How far boxes reach past the border of each map (the image first), in its own units; at most 60% of it. */
  function margins(records) {
    const lengths = [records[0]?.input ?? 0, ...records.map(({ output }) => output ?? 0)];
    const reach = lengths.map((length) => [0, length - 1]);
    for (let at = records.length - 1; at >= 0; at--) {
      if (records[at].error) continue;
      const { inputs, low, high } = records[at];
      for (const source of inputs) {
        const below = reach[source + 1];
        reach[source + 1] = [Math.min(below[0], low(reach[at + 1][0])), Math.max(below[1], high(reach[at + 1][1]))];
      }
    }
    return reach.map(([start, end], at) => Math.min(Math.max(-start, end - lengths[at] + 1), Math.ceil(0.6 * lengths[at])));
  }

  const rectangle = ([y, bottom], [x, right]) => `M${x} ${y}H${right + 1}V${bottom + 1}H${x}Z`;

  /** The image's overlay: hatched border, veil over what the unit does not see, its box, the part that is read, and the
      box of the shortest path where that is smaller. Returns SVG text. */
  function overlay(id, length, border, vertical, horizontal, shortest) {
    const frame = length + 2 * border;
    const unit = frame / 100;
    const image = `M0 0H${length}V${length}H0Z`;
    const drawing = `<defs>${hatch(id, 2 * unit)}</defs>` +
      `<path fill="url(#${id})" fill-rule="evenodd" d="M${-border} ${-border}h${frame}v${frame}h${-frame}Z${image}"/>` +
      `<path class="rx-border" d="${image}"/>`;
    if (!vertical) return drawing;
    const box = rectangle([vertical.start, vertical.end], [horizontal.start, horizontal.end]);
    const empty = vertical.first > vertical.last || horizontal.first > horizontal.last;
    const seen = empty ? "" : rectangle([vertical.first, vertical.last], [horizontal.first, horizontal.last]);
    const inner = shortest && (shortest[0][1] - shortest[0][0] < vertical.end - vertical.start || shortest[1][1] - shortest[1][0] < horizontal.end - horizontal.start);
    return drawing + `<path class="rx-veil" fill-rule="evenodd" d="${image}${seen}"/>` +
      `<path class="rx-box-line" d="${box}"/><path class="rx-seen-line" d="${seen}"/>` +
      (inner ? `<path class="rx-short-line" d="${rectangle(...shortest)}"/>` : "") +
      (empty ? "" : tag(length, border, unit, vertical, horizontal));
  }

  /** The words "12 × 12" above the box, or below it, always inside the frame. */
  function tag(length, border, unit, vertical, horizontal) {
    const text = `${vertical.last - vertical.first + 1} × ${horizontal.last - horizontal.first + 1}`;
    const above = vertical.first + border > 8.2 * unit;
    const y = above ? vertical.first - 1.6 * unit : vertical.last + 1 + 6.4 * unit;
    const x = (Math.max(horizontal.first, -border) + Math.min(horizontal.last + 1, length + border)) / 2;
    const inside = Math.min(Math.max(x, -border + 12 * unit), length + border - 12 * unit);
    return `<text class="rx-tag rx-number" x="${inside}" y="${Math.min(y, length + border - unit)}" font-size="${6.6 * unit}">${text}</text>`;
  }

  Object.assign(S6Receptive, { margins, overlay, hatch });
})((window.S6Receptive ??= {}));
