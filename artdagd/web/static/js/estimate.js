// How long something that is under way still takes.
import { about } from "./words.js";

const SMOOTH = 0.15;
const LEAST = 0.03;
const LONGER = 1.25;

// How long something still takes, from how far it is. `ready` is the share that was there at the beginning.
export class Estimate {
  #end = null;
  #told = Infinity;

  // `fraction` is done (0..1) after `took` seconds; `now` are seconds too.
  note(fraction, ready, took, now) {
    const share = ready < 1 ? (fraction - ready) / (1 - ready) : 0;
    if (share < LEAST) return;
    const end = now + (took * (1 - share)) / share;
    this.#end = this.#end === null ? end : this.#end + SMOOTH * (end - this.#end);
  }

  // Words, or nothing while it can't be told. It goes up only where it has become much longer.
  words(now) {
    if (this.#end === null) return "";
    const left = Math.max(1, this.#end - now);
    if (left < this.#told || left > this.#told * LONGER) this.#told = left;
    return about(this.#told);
  }
}
