// A run's result, watched while it renders: it plays what is there, and what it waits for is rendered first.
import { call } from "../api.js";
import { make } from "../elements.js";
import { Source, Stream } from "../stream.js";
import { clock } from "../words.js";

const HLS = "application/vnd.apple.mpegurl"; // what a browser without Media Source Extensions may play by itself
const FEW = 4; // segments with which it begins: with less, Chromium's gives up
const PAUSE = 1000; // between two looks at what is there
const HIDDEN = 20000; // the same while the page is not looked at, and plays nothing
const RESULTS = "#run-result"; // where the page shows the result when it is there
const LATER = "It can be watched here as soon as its first seconds are there.";
const NOW = "Go to any place: what is missing there is rendered first.";
const FINISHED = "When the run has ended, the result is here to download, and to watch in a form that this browser plays.";
const BROKEN = "The stream broke off. Load the page again to go on, or wait for the result.";
const SHORT = { failed: "The run failed: what is there of its result can be watched.", cancelled: "The run was cancelled: what is there of its result can be watched." };
const NAMES = { avc1: "H.264 of this kind", hev1: "H.265", hvc1: "H.265" };

export function mount(element, signal) {
  new Live(element, signal).begin();
}

class Live {
  constructor(element, signal) {
    Object.assign(this, { element, signal, stream: null, view: null, timer: 0, done: false });
    this.path = element.dataset.live;
    this.viewer = Math.random().toString(36).slice(2, 10);
    this.region = element.parentElement;
    const { width, height } = element.dataset;
    this.video = make("video", { controls: true, playsinline: true, preload: "auto", width, height, "aria-label": "What is there of the result" });
    this.said = make("p", { class: "note", role: "status" }, LATER);
    this.bar = make("div", { class: "rendered", "aria-hidden": "true" });
    this.much = make("span", { class: "note tabular-nums" });
    this.words = make("div", { class: "live-words" }, this.said, this.much);
  }

  begin() {
    if (!Source && !this.video.canPlayType(HLS)) return;
    const { element, video, signal } = this;
    element.replaceChildren(video, this.bar, this.words);
    element.hidden = false;
    this.region.dataset.own = ""; // it goes on playing when the run has ended
    for (const name of ["waiting", "playing", "seeking", "seeked", "pause"]) video.addEventListener(name, () => this.tell(), { signal });
    video.addEventListener("seeking", () => this.file && this.stream && !this.stream.has(video.currentTime) && this.whole(), { signal });
    video.addEventListener("waiting", () => this.rest(), { signal });
    const results = new MutationObserver(() => this.over());
    results.observe(document.querySelector(RESULTS), { childList: true, subtree: true });
    document.addEventListener("visibilitychange", () => !document.hidden && this.look(), { signal });
    signal.addEventListener("abort", () => (results.disconnect(), this.leave()));
    this.look();
  }

  // What is there now. The node is told what is waited for; nobody waits who has paused, and sees a picture.
  async look() {
    clearTimeout(this.timer);
    const { video, stream } = this;
    const wanted = stream && (!video.paused || stuck(video)) ? stream.wanted : null;
    try {
      this.seen(await call("GET", `${this.path}?viewer=${this.viewer}` + (wanted === null ? "" : `&wanted=${wanted}`), { signal: this.signal }));
    } catch (problem) {
      if (this.signal.aborted) return;
      if (problem.status === 404) return this.release();
    }
    const { view } = this;
    if (this.signal.aborted || this.done || view?.status === "completed") return;
    clearTimeout(this.timer);
    const seldom = (document.hidden && video.paused) || SHORT[view?.status]; // which may be tried again
    this.timer = setTimeout(() => this.look(), seldom ? HIDDEN : PAUSE);
  }

  seen(view) {
    this.view = view;
    if (SHORT[view.status] && !this.used) return this.release();
    if (view.type && !this.stream && !this.file) this.play(view);
    this.stream?.told(view);
    this.tell();
    this.over();
    this.rest();
  }

  get used() {
    const { video } = this;
    return this.stream && (!video.paused || video.currentTime > 0);
  }

  play(view) {
    const { video, path, signal } = this;
    if (!Source) {
      const [first, stop] = view.there[0];
      if (!video.src && first === 0 && stop >= FEW) video.src = `${path}.m3u8`;
    } else if (Source.isTypeSupported(view.type)) {
      this.stream = new Stream(video, path, view, signal, () => this.whole());
    } else {
      const [, codec] = view.type.match(/"(\w+)/);
      this.release(`This browser does not play ${NAMES[codec] ?? codec}. ${FINISHED}`);
    }
  }

  // A word for who waits, and how much is there.
  tell() {
    const { video, stream, view } = this;
    if (!view?.type) return;
    this.bar.hidden = this.words.hidden = view.status === "completed";
    const waits = stream && stuck(video) ? stream.wanted : null;
    const words = SHORT[view.status] ?? (waits === null ? NOW : `It waits at ${clock(video.currentTime)}: what is shown there is rendered before the rest.`);
    if (this.said.textContent !== words) this.said.textContent = words;
    const { starts, duration } = view;
    const ends = (number) => starts[number] ?? duration;
    const there = view.there.reduce((sum, [first, stop]) => sum + ends(stop) - starts[first], 0);
    this.much.textContent = `${clock(there)} of ${clock(duration)} is there`;
    this.bar.replaceChildren(...view.there.map(([first, stop]) => piece("", starts[first], ends(stop))));
    if (waits !== null && !SHORT[view.status]) this.bar.append(piece("wanted", starts[waits], ends(waits + 1)));

    function piece(name, from, to) {
      const one = make("span", { class: name });
      one.style.left = `${(100 * from) / duration}%`;
      one.style.width = `${(100 * (to - from)) / duration}%`;
      return one;
    }
  }

  // The result is there, or a copy of it is being made that browsers play. Where ours is used it goes on, and the page
  // hides the result's own player.
  over() {
    const result = document.querySelector(`${RESULTS} video`);
    const { video, view } = this;
    if (this.signal.aborted || this.file || !(result || view?.status === "completed")) return;
    const { used } = this;
    if (used) this.region.dataset.plays = "";
    if (result && used) {
      this.file = result.src;
      this.rest();
    } else if (result) {
      if (video.src) hand(video, result);
      this.release();
    }
  }

  // A run may end without all of its segments: nobody waits for one that is never made.
  rest() {
    const { video, stream, view } = this;
    if (this.file && view.status === "completed" && stream && stuck(video) && stream.wanted !== null) this.whole();
  }

  // What the stream lacks, the file has.
  whole() {
    if (!this.file) return this.release(BROKEN);
    const { video } = this;
    const { currentTime, paused, playbackRate } = video;
    this.stream?.close();
    this.stream = null;
    Object.assign(video, { src: this.file, currentTime, defaultPlaybackRate: playbackRate });
    if (!paused) video.play().catch(() => {}); // a browser may want to be asked again
  }

  // From now on the region is the server's again; `words` stay until it has more to show.
  release(words) {
    this.done = true;
    clearTimeout(this.timer);
    delete this.region.dataset.own;
    delete this.region.dataset.plays;
    this.leave();
    if (words) this.element.replaceChildren(make("p", { class: "note mt-0", role: "status" }, words));
    else this.region.replaceChildren();
  }

  leave() {
    clearTimeout(this.timer);
    this.stream?.close();
    this.stream = null;
    this.video.removeAttribute("src");
    this.video.load();
  }
}

// Whether it can't go on from where it is.
function stuck({ ended, readyState }) {
  return !ended && readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
}

// The result goes on where the stream was.
function hand({ currentTime, paused, ended, volume, muted }, result) {
  if (!currentTime || ended) return;
  Object.assign(result, { currentTime, volume, muted });
  if (!paused) result.play().catch(() => {}); // a browser may want to be asked again
}
