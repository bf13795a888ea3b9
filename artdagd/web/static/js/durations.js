// Durations as the pages say them (see artdagd/web/words.py): never more exact than they are known.

export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function about(seconds) {
  if (seconds < 60) return `${Math.max(5, 5 * Math.round(seconds / 5))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

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
