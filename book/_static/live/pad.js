/* The pad: ink from a mouse, a finger or the keyboard. `onink` is called when the ink has changed, once a frame. */
((S6Live) => {
  "use strict";

  const { h, paint } = S6Live;
  const WIDTH = 280; // of the canvas; ten pixels for one of MNIST's
  const BRUSH = 25; // about the share of a digit that MNIST's pens have
  const STEP = 14; // of the keyboard's grid

  class Pad {
    constructor(onink) {
      this.onink = onink;
      this.strokes = [];
      this.base = null; // a test digit, 28 x 28 bytes
      this.pen = { at: [WIDTH / 2, WIDTH / 4], down: false };
      this.canvas = h("canvas", { width: WIDTH, height: WIDTH, "aria-hidden": "true" });
      this.context = this.canvas.getContext("2d", { willReadFrequently: true });
      this.cursor = h("span", { class: "lv-cursor", hidden: true });
      this.hint = h("span", { class: "lv-hint", "aria-hidden": "true" }, "Draw a digit here");
      this.element = h("div", {
        class: "lv-pad", tabindex: 0, role: "application",
        "aria-label": "Drawing field. Arrow keys move the pen, the space bar sets it down and lifts it, Backspace takes the last stroke back, Escape clears.",
        onpointerdown: (event) => this.start(event), onpointermove: (event) => this.move(event),
        onpointerup: () => (this.drawing = false), onpointercancel: () => (this.drawing = false),
        onkeydown: (event) => this.key(event), onblur: () => (this.cursor.hidden = true),
      }, this.canvas, this.hint, this.cursor);
    }

    place({ clientX, clientY }) {
      const box = this.canvas.getBoundingClientRect();
      return [((clientX - box.left) * WIDTH) / box.width, ((clientY - box.top) * WIDTH) / box.height];
    }

    start(event) {
      if (event.button) return;
      this.element.setPointerCapture(event.pointerId);
      this.cursor.hidden = true;
      this.drawing = true;
      this.begin(this.place(event));
    }

    move(event) {
      if (!this.drawing) return;
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) this.strokes.at(-1).push(this.place(each));
      this.draw();
    }

    begin(point) {
      if (this.example) this.base = null; // the page's own example makes room for the reader's first stroke
      this.example = false;
      this.strokes.push([point]);
      this.draw();
    }

    key(event) {
      const { pen } = this;
      const way = { ArrowUp: [0, -STEP], ArrowDown: [0, STEP], ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0] }[event.key];
      if (way) {
        pen.at = pen.at.map((value, axis) => Math.min(Math.max(value + way[axis], STEP / 2), WIDTH - STEP / 2));
        if (pen.down) {
          this.strokes.at(-1).push(pen.at);
          this.draw();
        }
      } else if (event.key === " ") {
        pen.down = !pen.down;
        if (pen.down) this.begin(pen.at);
      } else if (event.key === "Backspace") this.undo();
      else if (event.key === "Escape" && !document.fullscreenElement) this.clear();
      else return;
      event.preventDefault();
      this.cursor.hidden = false;
      this.cursor.classList.toggle("lv-down", pen.down);
      this.cursor.style.left = `${(100 * pen.at[0]) / WIDTH}%`;
      this.cursor.style.top = `${(100 * pen.at[1]) / WIDTH}%`;
    }

    undo() {
      if (!this.strokes.pop()) this.base = null;
      this.pen.down = false;
      this.draw();
    }

    clear() {
      this.strokes = [];
      this.pen.down = false;
      this.show(null);
    }

    /** Put a test digit on the pad, or nothing. */
    show(image, example = false) {
      [this.base, this.example, this.strokes] = [image, example, []];
      this.draw();
    }

    draw() {
      const { context, base } = this;
      context.clearRect(0, 0, WIDTH, WIDTH);
      if (base) {
        const small = h("canvas");
        paint(small, Float32Array.from(base, (value) => value / 255), 28);
        context.imageSmoothingEnabled = false;
        context.drawImage(small, 0, 0, WIDTH, WIDTH);
      }
      Object.assign(context, { lineWidth: BRUSH, lineCap: "round", lineJoin: "round" });
      for (const stroke of this.strokes) {
        context.beginPath();
        context.moveTo(...stroke[0]);
        for (const point of stroke.length > 1 ? stroke.slice(1) : stroke) context.lineTo(...point);
        context.stroke();
      }
      this.hint.hidden = Boolean(base) || this.strokes.length > 0;
      this.asked ??= requestAnimationFrame(() => {
        this.asked = null;
        this.onink();
      });
    }

    /** The image as MNIST has them, 28 x 28 bytes, or null where there is no ink. A test digit is one already. */
    image() {
      if (!this.strokes.length) return this.base;
      const { data } = this.context.getImageData(0, 0, WIDTH, WIDTH);
      return S6Live.centre(Uint8Array.from({ length: WIDTH * WIDTH }, (_, at) => data[4 * at + 3]), WIDTH);
    }
  }

  Object.assign(S6Live, { Pad });
})((window.S6Live ??= {}));
