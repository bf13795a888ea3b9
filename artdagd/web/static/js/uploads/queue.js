// Files on their way to the node: a few at a time, for as long as this document lives, whichever page it shows.
import { sent } from "./sending.js";

const AT_ONCE = 3;
const WINDOW = 4000; // ms over which the rate is measured
const REFUSED = {
  0: "The connection was lost.",
  401: "You are signed out: sign in again, then try again.",
  413: "Too large.",
  415: "The node does not take this kind of file.",
  429: "The node has too many uploads at this moment. Try again in a moment.",
  507: "There is no room for it.",
};

const all = [];

// One file. `state` is waiting, sending, storing, kept, refused or cancelled; `hopeless` is one that no retry helps;
// `changed` is called whenever something of it changes.
export class Upload {
  constructor(file, why, changed) {
    const state = why ? "refused" : "waiting";
    Object.assign(this, { file, why, state, changed, hopeless: Boolean(why), sent: 0, rate: 0, left: null, kept: null, marks: [] });
  }

  get over() {
    return ["kept", "refused", "cancelled"].includes(this.state);
  }

  get fraction() {
    return this.state === "kept" ? 1 : this.file.size ? Math.min(1, this.sent / this.file.size) : 0;
  }

  turn(state, why = "") {
    Object.assign(this, { state, why });
    this.changed(this);
    if (this.over) next();
  }

  cancel() {
    this.life?.abort();
    if (!this.over) this.turn("cancelled", "Cancelled.");
  }

  retry() {
    Object.assign(this, { sent: 0, rate: 0, left: null, marks: [] });
    if (!all.includes(this)) all.push(this);
    this.turn("waiting");
    next();
  }

  async send() {
    this.life = new AbortController();
    this.turn("sending");
    try {
      this.kept = await sent(this.file, {
        signal: this.life.signal,
        progress: (fraction) => this.progress(fraction * this.file.size),
        whole: () => this.over || this.turn("storing"),
      });
      this.turn("kept");
      document.dispatchEvent(new CustomEvent("artdagd:brought"));
    } catch (problem) {
      if (!this.over) this.turn("refused", why(problem));
    }
  }

  progress(bytes) {
    const now = performance.now();
    this.sent = bytes;
    this.marks = [...this.marks.filter(([at]) => now - at < WINDOW), [now, this.sent]];
    const [[from, before]] = this.marks;
    this.rate = now > from ? (1000 * (this.sent - before)) / (now - from) : 0;
    this.left = this.rate > 0 ? (this.file.size - this.sent) / this.rate : null;
    this.changed(this);
  }
}

function why({ status, title, detail, advice }) {
  const more = status ? [detail, advice].filter(Boolean).map(sentence) : [];
  return [REFUSED[status] ?? sentence(title), ...more].join(" ");
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}`.replace(/\.?$/, ".");
}

// Files to be uploaded, as {file, why}: one with a `why` is refused for it at once. `changed` is called with each that
// changes.
export function add(files, changed) {
  const uploads = files.map(({ file, why }) => new Upload(file, why, changed));
  all.push(...uploads);
  next();
  return uploads;
}

export function underWay() {
  return all.filter((upload) => !upload.over);
}

function next() {
  all.splice(0, all.length, ...underWay());
  for (const upload of all.filter(({ state }) => state === "waiting")) {
    if (all.filter(({ state }) => state === "sending" || state === "storing").length >= AT_ONCE) return;
    upload.send();
  }
}

addEventListener("beforeunload", (event) => {
  if (underWay().length) event.preventDefault();
});
