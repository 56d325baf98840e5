/* The two drawings of a unit's box: on the image, and as a section through the layers. Both return SVG text. */
((S6Receptive) => {
  "use strict";

  const hatch = (id, step) =>
    `<pattern id="${id}" width="${step}" height="${step}" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
    `<path class="rx-hatch" d="M0 0V${step}" stroke-width="${step / 4}"/></pattern>`;

  /** How far boxes reach past the border of the map at `level` (0 the image), in its own units; at most 60% of it. */
  function margin(records, level) {
    const length = level ? records[level - 1].output : records[0]?.input ?? 0;
    let [size, stride, padding, most] = [1, 1, 0, 0];
    for (const { error, output, window } of records.slice(level)) {
      if (error) break;
      size += (window.kernel - 1) * window.dilation * stride;
      padding += window.padding * stride;
      stride *= window.stride;
      most = Math.max(most, padding, (output - 1) * stride - padding + size - length);
    }
    return Math.min(most, Math.ceil(0.6 * length));
  }

  /** The image's overlay: hatched border, veil over what the unit does not see, its box and the part that is read. */
  function overlay(id, length, border, vertical, horizontal) {
    const frame = length + 2 * border;
    const unit = frame / 100;
    const image = `M0 0H${length}V${length}H0Z`;
    let drawing = `<defs>${hatch(id, 2 * unit)}</defs>` +
      `<path fill="url(#${id})" fill-rule="evenodd" d="M${-border} ${-border}h${frame}v${frame}h${-frame}Z${image}"/>` +
      `<path class="rx-border" d="${image}"/>`;
    if (!vertical) return drawing;
    const rectangle = (y, bottom, x, right) => `M${x} ${y}H${right + 1}V${bottom + 1}H${x}Z`;
    const box = rectangle(vertical.start, vertical.end, horizontal.start, horizontal.end);
    const empty = vertical.first > vertical.last || horizontal.first > horizontal.last;
    const seen = empty ? "" : rectangle(vertical.first, vertical.last, horizontal.first, horizontal.last);
    drawing += `<path class="rx-veil" fill-rule="evenodd" d="${image}${seen}"/>` +
      `<path class="rx-box-line" d="${box}"/><path class="rx-seen-line" d="${seen}"/>`;
    if (!empty) {
      const height = vertical.last - vertical.first + 1;
      const text = `${height} × ${horizontal.last - horizontal.first + 1}`;
      const above = vertical.first + border > 7 * unit;
      const y = above ? vertical.first - 1.6 * unit : vertical.last + 1 + 5.4 * unit;
      const x = (Math.max(horizontal.first, -border) + Math.min(horizontal.last + 1, length + border)) / 2;
      const inside = Math.min(Math.max(x, -border + 8 * unit), length + border - 8 * unit);
      drawing += `<text class="rx-tag" x="${inside}" y="${Math.min(y, length + border - unit)}" font-size="${5 * unit}">${text}</text>`;
    }
    return drawing;
  }

  /** The section: a line of dots per map, each unit at its centre over the image, pixels at the bottom; the cone is
      what the unit sees. Returns {svg, at}: at(x, y) is the {layer, unit} nearest to a point, or null. */
  function section({ id, records, names, levels, selected, reveal, pixels, border, width, height, weigh }) {
    const valid = records.filter((record) => !record.error);
    const length = pixels.length;
    const [left, right, top, bottom] = [Math.min(76, 0.2 * width), 34, 24, 24];
    const pitch = (height - top - bottom) / Math.max(valid.length, 1);
    const scale = (width - left - right) / (length + 2 * border);
    const X = (pixel) => left + (pixel + 0.5 + border) * scale; // the middle of a pixel
    const Y = (level) => height - bottom - level * pitch;
    const stride = (level) => (level ? valid[level - 1].stride : 1);
    const centre = (level, unit) => (level ? valid[level - 1].centre : 0) + unit * stride(level);
    const count = (level) => (level ? valid[level - 1].output : length);
    const thickness = Math.min(9, 0.42 * pitch);
    const dot = (level) => Math.min(0.34 * stride(level) * scale, thickness / 2 + 0.5);
    const line = (level, from, to, kind) => {
      const half = Math.max(dot(level), 1.2);
      return `<rect class="${kind}" x="${X(centre(level, from)) - half}" y="${Y(level) - thickness / 2}" ` +
        `width="${X(centre(level, to)) - X(centre(level, from)) + 2 * half}" height="${thickness}" rx="${Math.min(half, thickness / 2)}"/>`;
    };
    const edge = (level, { start, end }) => {
      const half = Math.min(stride(level), length) / 2;
      return [X(centre(level, start) - half), X(centre(level, end) + half)];
    };

    let svg = `<defs>${hatch(id, 7)}</defs>`;
    for (const x of border ? [left, X(length - 0.5)] : []) {
      svg += `<rect fill="url(#${id})" x="${x}" y="${top / 2}" width="${border * scale}" height="${height - top}"/>`;
    }
    for (let level = levels ? levels.length - 1 : 0; level > 0 && level > reveal; level--) {
      const [a, b] = edge(level, levels[level]);
      const [c, d] = edge(level - 1, levels[level - 1]);
      svg += `<path class="rx-cone" d="M${a} ${Y(level)}H${b}L${d} ${Y(level - 1)}H${c}Z"/>` +
        `<path class="rx-side" d="M${a} ${Y(level)}L${c} ${Y(level - 1)}M${b} ${Y(level)}L${d} ${Y(level - 1)}"/>`;
    }
    for (let level = valid.length; level >= 0; level--) {
      const n = count(level);
      const above = levels && level > levels.length - 1;
      const active = levels && !above && level >= reveal;
      let units = "";
      if (level === 0) {
        units += `<rect class="rx-pixels" x="${X(-0.5)}" y="${Y(0) - 6}" width="${length * scale}" height="12"/>`;
        pixels.forEach((ink, at) => {
          if (ink > 0.02) units += `<rect class="rx-ink" x="${X(at - 0.5)}" y="${Y(0) - 6}" width="${scale + 0.2}" height="12" opacity="${ink.toFixed(2)}"/>`;
        });
        if (active) {
          const { start, end, first, last } = levels[0];
          units += `<rect class="rx-box-line" x="${X(start - 0.5)}" y="${Y(0) - 9}" width="${(end - start + 1) * scale}" height="18"/>`;
          if (first <= last) units += `<rect class="rx-seen-line" x="${X(first - 0.5)}" y="${Y(0) - 9}" width="${(last - first + 1) * scale}" height="18"/>`;
        }
      } else if (stride(level) * scale < 4) { // too dense for dots
        units += line(level, 0, n - 1, "rx-dots");
        if (active && levels[level].first <= levels[level].last) units += line(level, levels[level].first, levels[level].last, "rx-dots rx-on");
      } else {
        const padding = valid[level] ? valid[level].window.padding : 0;
        for (let unit = -padding; unit < n + padding; unit++) {
          const real = unit >= 0 && unit < n;
          const paths = active && real ? levels[level].paths[unit] : 0;
          const kind = real ? (paths ? "rx-dot rx-on" : "rx-dot") : "rx-dot rx-hollow";
          const shade = paths && weigh ? ` opacity="${(0.15 + 0.85 * paths).toFixed(2)}"` : "";
          units += `<circle class="${kind}" cx="${X(centre(level, unit))}" cy="${Y(level)}" r="${dot(level)}"${shade}/>`;
        }
      }
      if (levels && level === levels.length - 1) {
        units += `<circle class="rx-chosen" cx="${X(centre(level, levels[level].start))}" cy="${Y(level)}" r="${Math.max(dot(level), 3) + 1.5}"/>`;
      }
      const size = active ? levels[level].last - levels[level].first + 1 : "";
      const name = level ? names[level - 1] : "image";
      const chosen = level - 1 === selected ? " rx-name-chosen" : "";
      svg += `<g class="${above ? "rx-above" : ""}"><text class="rx-name${chosen}" x="${left - 8}" y="${Y(level) + 4}">${name}</text>` +
        `${units}<text class="rx-size" x="${width - 4}" y="${Y(level) + 4}">${size}</text></g>`;
    }
    if (levels) svg += `<text class="rx-name" x="${width - 4}" y="${Y(levels.length - 1) - 12}">columns</text>`;
    const at = (x, y) => {
      const level = Math.round((height - bottom - y) / pitch);
      if (level < 1 || level > valid.length || x < left) return null;
      const unit = Math.round(((x - left) / scale - border - 0.5 - centre(level, 0)) / stride(level));
      return { layer: level - 1, unit: Math.min(Math.max(unit, 0), count(level) - 1) };
    };
    return { svg, at };
  }

  Object.assign(S6Receptive, { margin, overlay, section });
})((window.S6Receptive ??= {}));
