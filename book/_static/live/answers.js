/* What a net answers: the class, the shares of all ten, and the votes of its 144 cells. */
((S6Live) => {
  "use strict";

  const { h, percent, largest, softmax } = S6Live;
  const SIDE = 12; // cells a side, as every net of the factorial has

  class Answer {
    /** `pick` is called with the row and column of a cell that the reader points at; without it there are no votes. */
    constructor(tone, title, pick) {
      this.read = h("strong", { class: "lv-read" });
      this.sure = h("span", { class: "lv-sure" });
      this.about = h("span", { class: "lv-about" });
      this.bars = Array.from({ length: 10 }, (_, digit) => {
        const share = h("span", { class: "lv-share" });
        const bar = h("i");
        return { row: h("tr", {}, h("th", { scope: "row" }, digit), h("td", {}, h("span", { class: "lv-track" }, bar, share))), share, bar };
      });
      const table = h("table", { class: "lv-bars" }, h("caption", { class: "lv-hidden" }, `${title}: the share of each digit`),
        h("tbody", {}, ...this.bars.map(({ row }) => row)));
      this.element = h("section", { class: `lv-answer lv-${tone}`, "aria-label": title },
        h("header", {}, h("p", { class: "lv-title" }, title), this.about),
        h("p", { class: "lv-verdict" }, this.read, this.sure), table);
      if (pick) this.element.append(this.grid(title, pick));
    }

    grid(title, pick) {
      this.cells = Array.from({ length: SIDE * SIDE }, () => h("span"));
      this.at = [6, 6];
      const choose = (row, column) => {
        this.at = [row, column].map((index) => Math.min(Math.max(index, 0), SIDE - 1));
        pick(...this.at);
      };
      const point = (event) => {
        const box = this.board.getBoundingClientRect();
        choose(...[(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width].map((share) => Math.floor(share * SIDE)));
      };
      this.board = h("div", {
        class: "lv-votes", role: "application", tabindex: 0, "aria-label": `${title}: the votes of its 144 cells. Arrow keys choose a cell.`,
        onpointerdown: point,
        onpointermove: (event) => (event.pointerType === "mouse" || event.buttons) && point(event),
        onkeydown: (event) => {
          const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
          if (!step) return;
          event.preventDefault();
          choose(this.at[0] + step[0], this.at[1] + step[1]);
        },
      }, ...this.cells);
      this.count = h("figcaption");
      return h("figure", { class: "lv-cells" }, this.board, this.count);
    }

    /** Show what the net makes of an image; null before there is ink. */
    show(net, outputs) {
      this.element.classList.toggle("lv-empty", !outputs);
      const shares = outputs ? softmax(outputs.at(-1)) : Array(10).fill(0);
      this.winner = outputs ? largest(shares) : null;
      this.certainty = outputs ? shares[this.winner] : 0;
      this.read.textContent = this.winner ?? "–";
      this.sure.textContent = outputs ? percent(this.certainty) : "";
      this.bars.forEach(({ row, share, bar }, digit) => {
        row.className = digit === this.winner ? "lv-won" : shares[digit] < 0.01 ? "lv-none" : "";
        share.textContent = outputs ? percent(shares[digit]) : "";
        bar.style.flexBasis = `${100 * shares[digit]}%`;
      });
      if (this.cells) this.showVotes(outputs && S6Live.votes(net, outputs));
    }

    showVotes(votes) {
      this.votes = votes;
      let agree = 0;
      this.cells.forEach((cell, place) => {
        const vote = votes ? largest(votes.map((map) => map[place])) : "";
        const wins = votes !== null && vote === this.winner;
        agree += wins;
        if (cell.textContent !== String(vote)) cell.textContent = vote;
        cell.className = wins ? "lv-for" : "";
      });
      this.count.textContent = votes ? `${agree} of 144 cells vote ${this.winner}` : "No ink, no votes";
    }

    /** Mark the cell that is chosen, or none. */
    mark(unit) {
      this.cells.forEach((cell, place) => cell.toggleAttribute("data-chosen", unit !== null && place === unit[0] * SIDE + unit[1]));
      if (unit) this.at = unit;
    }

    voteOf(row, column) {
      return this.votes && largest(this.votes.map((map) => map[row * SIDE + column]));
    }
  }

  Object.assign(S6Live, { Answer });
})((window.S6Live ??= {}));
