/* What can be undone: the states of a stack, the present one among them. */
((S6Receptive) => {
  "use strict";

  const MOST = 200; // states

  class Past {
    constructor() {
      this.states = [];
      this.at = -1;
    }

    get present() {
      return this.states[this.at];
    }

    /** Keep a new state; changes of one kind in a row, the digits of a number, are one. */
    push(state, kind) {
      const { present } = this;
      if (present?.text === state.text && present.input === state.input) return this.amend(state);
      const again = kind && present?.kind === kind && this.at === this.states.length - 1;
      this.states.splice(again ? this.at : this.at + 1, Infinity, { ...state, kind });
      if (this.states.length > MOST) this.states.shift();
      this.at = this.states.length - 1;
    }

    /** Note something of the present state that is no step of its own: the pinned unit. */
    amend(changes) {
      Object.assign(this.present, changes);
    }

    can(step) {
      return this.at + step >= 0 && this.at + step < this.states.length;
    }

    /** Go a step back (−1) or forth (1) and return the state there; null at an end. */
    go(step) {
      if (!this.can(step)) return null;
      this.present.kind = null;
      this.at += step;
      return this.present;
    }
  }

  Object.assign(S6Receptive, { Past });
})((window.S6Receptive ??= {}));
