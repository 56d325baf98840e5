/* <be-the-cell>: see the pixels that one cell sees, vote, and have the votes averaged, alone or by a class.

   A class needs no server: a number in the address (#cell=4821) makes every phone draw the same digit, and each phone
   shows other cells of it. Hands are counted by the teacher. */
((S6Live) => {
  "use strict";

  const { h, Live, Answer, paint, random, largest } = S6Live;
  const SIDE = 12; // cells a side
  const VOTES = 6; // of one player on one digit
  const LEAST = 6; // pixels' worth of ink that must be in view: a blank square is no question
  const ADDRESS = /^#cell=(\d{1,6})$/;
  const fresh = () => 1000 + (crypto.getRandomValues(new Uint32Array(1))[0] % 9000);

  class BeTheCell extends Live {
    static label = "Be the cell";

    build() {
      this.mode = ADDRESS.test(location.hash) ? "class" : "alone";
      const way = (value, text) => h("label", {}, h("input", { type: "radio", name: `${this.ident}-mode`, value, checked: this.mode === value, onchange: () => this.begin(value) }), text);
      this.number = h("input", { class: "bc-number", inputmode: "numeric", maxlength: 6, "aria-label": "Number of the game", onchange: () => this.begin("class", Number(this.number.value) || fresh()) });
      this.copied = h("span", { class: "lv-label" });
      this.together = h("div", { class: "bc-together" },
        h("p", {}, "Everybody opens this page and types the same number: ", this.number, " ",
          h("button", { type: "button", onclick: () => this.copy() }, "Copy the address"), " ", this.copied));
      this.view = h("canvas", { role: "img", "aria-label": "What the cell sees" });
      this.question = h("p", { class: "bc-question", tabindex: -1 });
      this.buttons = Array.from({ length: 10 }, (_, digit) => h("button", { type: "button", "aria-label": `vote ${digit}`, disabled: true, onclick: () => this.vote(digit) }, digit));
      this.play = h("div", { class: "bc-play" },
        h("div", { class: "lv-paper bc-view" }, this.view),
        h("div", { class: "bc-ask" }, this.question, h("div", { class: "bc-buttons", role: "group", "aria-label": "Your vote" }, ...this.buttons)));
      this.end = h("div", { class: "bc-end", hidden: true });
      this.hands = this.counter();
      this.together.hidden = this.mode === "alone";
      this.body.append(
        h("div", { class: "bc-modes", role: "radiogroup", "aria-label": "Who plays" }, way("alone", "I play alone"), way("class", "A class plays")),
        this.together, this.play, this.end, this.hands);
    }

    async wake() {
      const [digits, net] = await Promise.all([S6Live.digits(), S6Live.net("reference")]);
      [this.digits, this.net] = [digits.filter(({ hard }) => !hard), net];
      this.last = net.rows.findIndex(({ op }) => op === "global-average") - 1;
      const named = () => Number(ADDRESS.exec(location.hash)?.[1] ?? NaN);
      window.addEventListener("hashchange", () => Number.isNaN(named()) || this.begin("class", named()));
      if (Number.isNaN(named())) this.begin("alone");
      else this.begin("class", named());
      for (const button of this.buttons) button.disabled = false;
    }

    /** Deal a digit: of a class all players have the same, of whoever plays alone it is a new one. */
    begin(mode, seed = fresh()) {
      this.mode = mode;
      for (const input of this.body.querySelectorAll("input[type=radio]")) input.checked = input.value === mode;
      this.together.hidden = this.hands.hidden = mode === "alone";
      this.number.value = seed;
      if (mode === "class" && location.hash !== `#cell=${seed}`) history.replaceState(null, "", `#cell=${seed}`);
      if (mode === "alone" && ADDRESS.test(location.hash)) history.replaceState(null, "", location.pathname + location.search);
      this.digit = this.digits[Math.floor(random(seed)() * this.digits.length)];
      const outputs = S6Live.run(this.net, this.digit.image);
      this.outputs = outputs;
      this.cellVotes = S6Live.votes(this.net, outputs);
      const chance = random(fresh()); // which cells one gets is one's own luck
      this.cells = Array.from({ length: SIDE * SIDE }, (_, cell) => [chance(), cell]).sort((one, other) => one[0] - other[0])
        .map(([, cell]) => cell).filter((cell) => this.ink(cell) >= LEAST).slice(0, VOTES);
      this.mine = [];
      this.count = Array(10).fill(0);
      this.showCount();
      this.end.hidden = true;
      this.play.hidden = false;
      this.ask();
    }

    box(cell) {
      return S6Live.field(this.net.rows, this.last, [Math.floor(cell / SIDE), cell % SIDE]);
    }

    ink(cell) {
      const [top, left, bottom, right] = this.box(cell);
      let total = 0;
      for (let row = top; row <= bottom; row++) for (let column = left; column <= right; column++) total += this.digit.image[row * 28 + column];
      return total / 255;
    }

    ask() {
      const [top, left, bottom, right] = this.box(this.cells[this.mine.length]);
      const width = right - left + 1;
      const values = Float32Array.from({ length: width * (bottom - top + 1) }, (_, at) => this.digit.image[(top + Math.floor(at / width)) * 28 + left + (at % width)] / 255);
      paint(this.view, values, width);
      this.view.style.inlineSize = `${(100 * width) / 12}%`; // at the border a cell sees less
      this.question.textContent = `Cell ${this.mine.length + 1} of ${this.cells.length}. Of which digit is this a part?`;
      this.say(this.question.textContent);
    }

    vote(digit) {
      this.mine.push(digit);
      if (this.mine.length < this.cells.length) this.ask();
      else this.finish();
    }

    finish() {
      this.play.hidden = true;
      this.end.hidden = false;
      if (this.mode === "class") {
        this.end.replaceChildren(h("p", { class: "bc-yours" }, "Your votes: ", h("b", {}, this.mine.join("  "))), h("p", {}, "Keep them until the hands are counted."),
          h("button", { type: "button", onclick: () => this.begin("class", Number(this.number.value)) }, "See other cells of the digit"));
        this.say(`Your votes: ${this.mine.join(", ")}.`);
      } else this.show(this.mine, "You");
    }

    /** The digit, and what a player's or a class's votes, the same cells of the net, and all of its cells say. */
    show(votes, who) {
      const tally = (list) => Array.from({ length: 10 }, (_, digit) => list.filter((vote) => vote === digit).length);
      const mine = tally(votes);
      const net = tally(this.cells.map((cell) => largest(this.cellVotes.map((map) => map[cell]))));
      const { label } = this.digit;
      const picture = h("canvas", { "aria-hidden": "true" });
      S6Live.paintBytes(picture, this.digit.image);
      const boxes = who === "You" ? this.cells.map((cell) => {
        const [top, left, bottom, right] = this.box(cell);
        return h("i", { style: `left: ${(100 * left) / 28}%; top: ${(100 * top) / 28}%; inline-size: ${(100 * (right - left + 1)) / 28}%; block-size: ${(100 * (bottom - top + 1)) / 28}%` });
      }) : [];
      const answer = new Answer("gap", "All 144 cells, averaged");
      answer.show(this.net, this.outputs);
      answer.about.textContent = answer.winner === label ? "right" : "wrong";
      const same = `The net's cells, at the same ${this.cells.length} places`;
      this.end.replaceChildren(
        h("p", { class: "bc-truth", tabindex: -1 }, "It is a ", h("strong", {}, label), "."),
        h("div", { class: "bc-result" },
          h("div", { class: "lv-paper bc-whole" }, picture, ...boxes),
          h("div", { class: "bc-tallies" }, bars(who === "You" ? "You" : "The class", mine, label, "bc-you"), who === "You" ? bars(same, net, label, "bc-net") : ""),
          answer.element),
        h("button", { type: "button", class: "lv-go", onclick: () => this.begin(this.mode) }, "Another digit"));
      this.end.hidden = false;
      this.end.firstChild.focus({ preventScroll: true });
      this.say(`It is a ${label}. ${who === "You" ? "You were" : "The class was"} right ${mine[label]} times of ${votes.length}, all 144 cells of the net together read ${answer.winner}.`);
    }

    counter() {
      this.steps = Array.from({ length: 10 }, (_, digit) => {
        const out = h("output", {}, "0");
        const change = (by) => {
          this.count[digit] = Math.max(0, this.count[digit] + by);
          this.showCount();
        };
        return { out, row: h("div", { class: "bc-step" }, h("b", {}, digit),
          h("button", { type: "button", "aria-label": `one vote fewer for ${digit}`, onclick: () => change(-1) }, "−"), out,
          h("button", { type: "button", "aria-label": `one vote more for ${digit}`, onclick: () => change(1) }, "+")) };
      });
      this.open = h("button", { type: "button", class: "lv-go", onclick: () => this.show(this.count.flatMap((count, digit) => Array(count).fill(digit)), "Class") }, "Show the digit");
      return h("details", { class: "bc-hands", hidden: true }, h("summary", {}, "For the teacher: count the hands"),
        h("div", { class: "bc-steps" }, ...this.steps.map(({ row }) => row)), this.open);
    }

    showCount() {
      this.steps.forEach(({ out }, digit) => (out.textContent = this.count[digit]));
      this.open.disabled = this.count.every((count) => count === 0);
    }

    async copy() {
      const address = location.href;
      try {
        await navigator.clipboard.writeText(address);
        this.copied.textContent = "copied";
      } catch {
        this.copied.textContent = address; // no clipboard from the file system in some browsers
      }
    }
  }

  /** Votes as bars, one for each digit that has any; the true one is full. */
  function bars(title, counts, label, kind) {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const rows = counts.flatMap((count, digit) => (count ? [h("li", { class: digit === label ? "bc-right" : "" }, h("b", {}, digit), h("i", { style: `flex-grow: ${count}` }), h("span", {}, count), h("u", { style: `flex-grow: ${total - count}` }))] : []));
    const most = counts.flatMap((count, digit) => (count === Math.max(...counts) ? [digit] : []));
    const read = `${title}: ${counts[label]} of ${total} right, together ${most.join(" or ")}`;
    return h("section", { class: kind }, h("p", { class: "lv-title" }, read), h("ul", { class: "bc-bars" }, ...rows));
  }

  customElements.define("be-the-cell", BeTheCell);
})((window.S6Live ??= {}));
