/* The real maps of every layer, as a net made them; pointing at a unit chooses it. */
((S6Live) => {
  "use strict";

  const { h, paint } = S6Live;
  const WINDOWS = /^(conv|.*-pool)$/;

  /** The rows whose outputs are shown: the last before the next window or the head, by what opened the stage. */
  function stages(rows) {
    const head = rows.findIndex(({ op }) => op.startsWith("global") || op === "flatten");
    const starts = rows.slice(0, head).flatMap(({ op }, at) => (WINDOWS.test(op) ? [at] : []));
    return starts.map((start, n) => ({ name: rows[start].name, start, end: (starts[n + 1] ?? head) - 1 }));
  }

  class Maps {
    /** `pick` is called with {stage, channel, unit} when the reader chooses a unit. */
    constructor(pick) {
      this.pick = pick;
      this.element = h("div", { class: "dd-stages" });
    }

    open(net) {
      if (this.net === net) return;
      this.net = net;
      this.stages = stages(net.rows).map((stage) => {
        const [channels, height, width] = net.rows[stage.end].output;
        const maps = Array.from({ length: channels }, () => h("span", { class: "dd-map" }, h("canvas", { "aria-hidden": "true" }), h("i", { hidden: true })));
        const last = stage.name === "logits";
        const strip = h("div", {
          class: "dd-strip", tabindex: 0, role: "application", style: `--units: ${width}`,
          "aria-label": `${stage.name}: ${channels} maps. Arrow keys choose a unit, Page Up and Page Down another map.`,
        }, ...maps.map((map, channel) => (last ? h("span", { class: "dd-class" }, map, h("b", {}, channel)) : map)));
        const entry = { ...stage, channels, height, width, maps, chosen: [0, [height >> 1, width >> 1]] };
        strip.addEventListener("pointerdown", (event) => this.point(event, entry));
        strip.addEventListener("pointermove", (event) => (event.pointerType === "mouse" || event.buttons) && this.point(event, entry));
        strip.addEventListener("keydown", (event) => this.key(event, entry));
        entry.element = h("div", { class: "dd-stage" },
          h("p", {}, h("b", {}, stage.name), ` ${channels} of ${height} × ${width}`), strip);
        return entry;
      });
      this.element.replaceChildren(...this.stages.map(({ element }) => element));
    }

    point(event, stage) {
      const map = event.target.closest(".dd-map");
      if (!map) return;
      const box = map.getBoundingClientRect();
      const at = (offset, length, units) => Math.min(Math.max(Math.floor((offset / length) * units), 0), units - 1);
      this.choose(stage, stage.maps.indexOf(map), [at(event.clientY - box.top, box.height, stage.height), at(event.clientX - box.left, box.width, stage.width)]);
    }

    key(event, stage) {
      const [channel, [row, column]] = stage.chosen;
      const to = { ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0], ArrowLeft: [0, 0, -1], ArrowRight: [0, 0, 1], PageUp: [-1, 0, 0], PageDown: [1, 0, 0] }[event.key];
      if (!to) return;
      event.preventDefault();
      const within = (value, length) => Math.min(Math.max(value, 0), length - 1);
      this.choose(stage, within(channel + to[0], stage.channels), [within(row + to[1], stage.height), within(column + to[2], stage.width)]);
    }

    choose(stage, channel, unit) {
      stage.chosen = [channel, unit];
      this.pick({ stage, channel, unit });
    }

    /** Each map from its least value, paper, to its largest, ink; a map that is the same everywhere stays paper. */
    show(outputs) {
      this.outputs = outputs;
      for (const { end, maps, width, height } of this.stages) {
        const size = width * height;
        maps.forEach(({ firstChild }, channel) => {
          const values = outputs ? outputs[end].subarray(channel * size, (channel + 1) * size) : new Float32Array(size);
          const [least, most] = [Math.min(...values), Math.max(...values)];
          paint(firstChild, values.map((value) => (most > least ? (value - least) / (most - least) : 0)), width);
        });
      }
    }

    mark(choice) {
      for (const { maps, width, height } of this.stages) {
        maps.forEach((map, channel) => {
          const here = choice && choice.stage.maps[channel] === map && choice.channel === channel;
          map.lastChild.hidden = !here;
          if (here) map.lastChild.style.cssText = `left: ${(100 * choice.unit[1]) / width}%; top: ${(100 * choice.unit[0]) / height}%; inline-size: ${100 / width}%; block-size: ${100 / height}%`;
        });
      }
    }
  }

  Object.assign(S6Live, { Maps });
})((window.S6Live ??= {}));
