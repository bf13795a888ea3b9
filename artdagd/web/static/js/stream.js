// A video element that is fed with the segments of a result as they come, in whatever order (Media Source Extensions).
import { pause } from "./pause.js";

const AHEAD = 30; // seconds beyond the playhead that are brought, one segment after the other
const BEHIND = 30; // seconds before it that are kept
const EDGE = 0.02; // seconds by which a segment's sound may end earlier than its picture
const LESS = 0.1; // seconds that a segment's sound and picture may both lack of it
const AGAIN = 1000; // until a segment that did not come, was dropped, or found no room is tried again
const TRIES = 5; // of one, where what comes is an error that may pass
const INIT = "init"; // what all segments begin with

export const Source = window.ManagedMediaSource ?? window.MediaSource;

export class Stream {
  // `path` is that of the segments. `lost` is called, once, when one can't be had that is said to be there.
  constructor(video, path, view, signal, lost) {
    Object.assign(this, { video, path, view, lost, brought: new Map(), wake: () => {}, coming: null });
    this.life = new AbortController();
    this.signal = AbortSignal.any([signal, this.life.signal]);
    this.source = new Source();
    this.address = URL.createObjectURL(this.source);
    video.disableRemotePlayback = true; // a ManagedMediaSource wants it so
    this.source.addEventListener("sourceopen", () => this.open(), { once: true });
    for (const name of ["timeupdate", "waiting", "play"]) video.addEventListener(name, () => this.wake(), { signal: this.signal });
    video.addEventListener("seeking", () => this.moved(), { signal: this.signal });
    video.addEventListener("error", () => this.fail(video.error), { signal: this.signal });
    video.src = this.address;
  }

  // What is there now.
  told(view) {
    this.view = view;
    this.wake();
  }

  // The video is somebody else's now.
  close() {
    this.life.abort();
    this.wake();
    URL.revokeObjectURL(this.address);
  }

  // The segment that is shown at a time.
  at(seconds) {
    const { starts } = this.view;
    const next = starts.findIndex((start) => start > seconds + EDGE);
    return next < 0 ? starts.length - 1 : Math.max(0, next - 1);
  }

  there(number) {
    return this.view.there.some(([first, stop]) => first <= number && number < stop);
  }

  // Whether the browser has what is shown at a time.
  has(seconds) {
    const { buffered } = this.video;
    for (let n = 0; n < buffered.length; n += 1) {
      if (buffered.start(n) - EDGE <= seconds && seconds < buffered.end(n)) return true;
    }
    return false;
  }

  // The segment that is waited for: the first one, from the playhead on, that the browser lacks and the node has not made.
  get wanted() {
    const number = this.next();
    return number === null || this.there(number) ? null : number;
  }

  // A browser may drop what it has at any time, so it is what it has that counts, and not what it was given.
  next() {
    const { starts } = this.view;
    const { currentTime } = this.video;
    for (let n = this.at(currentTime); n < starts.length && starts[n] < currentTime + AHEAD; n += 1) {
      if (this.lacks(n) > LESS + (this.brought.get(n) ?? 0)) return n;
    }
    return null;
  }

  // Seconds of a segment, from the playhead on, that the browser does not have.
  lacks(number) {
    const { buffered, currentTime } = this.video;
    const { starts, duration } = this.view;
    const [from, to] = [Math.max(starts[number], currentTime), starts[number + 1] ?? duration];
    let seconds = Math.max(0, to - from);
    for (let n = 0; n < buffered.length; n += 1) {
      seconds -= Math.max(0, Math.min(to, buffered.end(n)) - Math.max(from, buffered.start(n)));
    }
    return seconds;
  }

  async open() {
    try {
      this.source.duration = this.view.duration;
      this.buffer = this.source.addSourceBuffer(this.view.type);
      this.buffer.timestampOffset = -this.view.late;
      this.buffer.addEventListener("bufferedchange", () => this.wake(), { signal: this.signal }); // of a ManagedMediaSource
      await this.append(await this.bring(INIT, this.signal), INIT);
      while (!this.signal.aborted) await this.step();
    } catch (error) {
      if (!this.signal.aborted) this.fail(error);
    }
  }

  fail(error) {
    console.warn(error.message);
    this.close();
    this.lost();
  }

  async step() {
    const number = this.next();
    if (number === null || !this.there(number)) {
      this.end();
      await new Promise((done) => (this.wake = done));
      return;
    }
    const ours = new AbortController();
    this.coming = { number, abort: () => ours.abort() };
    try {
      const signal = AbortSignal.any([this.signal, ours.signal]);
      if (this.brought.has(number)) await pause(AGAIN, signal); // a browser that is short of room may drop it each time
      const data = await this.bring(number, signal);
      if (!data) return;
      while (!(await this.append(data, number))) {
        await new Promise((done) => (this.wake = done)); // there is room when what is there was played
        signal.throwIfAborted();
        if (this.next() !== number) return;
        await pause(AGAIN, signal);
      }
      this.brought.set(number, this.lacks(number)); // it has no more than this
    } catch (error) {
      if (!this.signal.aborted && !ours.signal.aborted) throw error;
    } finally {
      this.coming = null;
    }
  }

  // Whoever goes elsewhere gets all that lacks there, at once.
  moved() {
    this.brought.clear();
    if (this.coming && this.coming.number !== this.next()) this.coming.abort();
    this.wake();
  }

  // The bytes of a segment; null when it is not there any more.
  async bring(number, signal) {
    const name = number === INIT ? "init.mp4" : `${number}.m4s`;
    let errors = 0;
    while (number === INIT || this.there(number)) {
      const { status, data } = await fetched(`${this.path}/${name}`, signal);
      if (data) return data;
      if (status >= 500 && status !== 503) errors += 1; // of who stands before the node, while that is away
      if (errors === TRIES || (status >= 400 && status < 500 && status !== 429)) throw new Error(`${name} can't be had any more.`);
      await pause(AGAIN, signal);
    }
    return null;
  }

  // Whether there was room for it. It takes that of what was played before the segment that is shown, and of what follows.
  async append(data, number) {
    const { currentTime } = this.video;
    const { starts } = this.view;
    await this.drop(0, starts[this.at(currentTime - BEHIND)]);
    if (await this.fits(data)) return true;
    await this.drop(0, starts[this.at(currentTime)]);
    await this.drop(starts[number + 1] ?? Infinity, Infinity);
    return this.fits(data);
  }

  async fits(data) {
    try {
      await this.change(() => this.buffer.appendBuffer(data));
      return true;
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
      return false;
    }
  }

  // From and to the start of a segment: a browser that drops a part of one may drop all of it.
  async drop(from, to) {
    const { buffered } = this.buffer;
    if (to <= from || !buffered.length || buffered.start(0) >= to || buffered.end(buffered.length - 1) <= from) return;
    await this.change(() => this.buffer.remove(from, to));
  }

  change(run) {
    return new Promise((done, fail) => {
      const over = new AbortController();
      const listen = (name, then) => this.buffer.addEventListener(name, () => (over.abort(), then()), { signal: over.signal });
      listen("updateend", done);
      listen("error", () => fail(new Error("The browser can't read a segment.")));
      run();
    });
  }

  // So that the browser knows that nothing follows the last segment.
  end() {
    const { duration, starts } = this.view;
    const middle = (starts.at(-1) + duration) / 2;
    if (this.source.readyState === "open" && !this.buffer.updating && this.has(middle)) this.source.endOfStream();
  }
}

// The bytes at an address; no status where the node is away for a moment, or broke off.
async function fetched(address, signal) {
  try {
    const answer = await fetch(address, { signal, credentials: "same-origin" });
    return { status: answer.status, data: answer.ok ? await answer.arrayBuffer() : null };
  } catch (error) {
    if (signal.aborted) throw error;
    return { status: 0, data: null };
  }
}
