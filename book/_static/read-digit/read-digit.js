/* <read-digit>: the front page's small live net: draw a digit, and the reference net reads it. */
((S6Live) => {
  "use strict";

  const { h, Live, Pad, Answer, percent } = S6Live;

  class ReadDigit extends Live {
    static label = "Draw a digit, and the net reads it";

    build() {
      this.pad = new Pad(() => this.think());
      this.answer = new Answer("gap", "The net reads");
      const button = (text, act) => h("button", { type: "button", onclick: act }, text);
      this.another = button("Another test digit", () => this.take(this.at + 9)); // eight of each class: another class
      this.another.disabled = true;
      this.body.append(
        h("figure", {}, this.pad.element, h("figcaption", {}, "Draw here: with the mouse, a finger, or arrow keys and space bar")),
        h("div", { class: "rd-side" }, this.answer.element,
          h("div", { class: "rd-buttons" }, button("Clear", () => this.pad.clear()), button("Undo", () => this.pad.undo()), this.another)));
    }

    async wake() {
      const [digits, net] = await Promise.all([S6Live.digits(), S6Live.net("reference")]);
      this.digits = digits.filter(({ hard }) => !hard);
      this.net = net;
      this.another.disabled = false;
      if (this.pad.strokes.length) this.think();
      else this.take(this.digits.findIndex(({ label }) => label === Number(this.getAttribute("digit") ?? 4)));
    }

    take(at) {
      this.at = at % this.digits.length;
      this.pad.show(this.digits[this.at].image, true);
    }

    think() {
      if (!this.net) return;
      const image = this.pad.image();
      this.answer.show(this.net, image && S6Live.run(this.net, image));
      const { label } = this.digits[this.at ?? 0];
      this.answer.about.textContent = this.pad.example ? `a digit of the test set, labelled ${label}` : image ? "your drawing" : "nothing drawn yet";
      this.say(image ? `The net reads ${this.answer.winner}, ${percent(this.answer.certainty)}.` : "The field is empty.");
    }
  }

  customElements.define("read-digit", ReadDigit);
})((window.S6Live ??= {}));
