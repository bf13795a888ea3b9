// The page of a run: follows its events, changes steps and progress in place, and has the rest drawn anew by the server.
import { Estimate } from "../estimate.js";
import { ENDED, follow } from "../events.js";
import { Steps } from "../run-steps.js";
import { make } from "../elements.js";
import { fetched, update } from "../update.js";
import { grown } from "../words.js";

const POLL = 3000; // while there is no stream: it was cut, or refused
const HIDDEN = 20000; // while the page is not looked at: browsers open six connections to a node, and no more
const WAITS = 2000; // a copy for the player is being made
const LINES = 200; // of the log

const ORDER = ["pending", "ready", "running"];

export function mount(element, signal) {
  new Run(element, signal).begin();
}

// How far a state is; NaN of none.
function rank(state) {
  if (state === undefined) return NaN;
  return ORDER.includes(state) ? ORDER.indexOf(state) : ORDER.length;
}

class Run {
  constructor(element, signal) {
    this.element = element;
    this.signal = signal;
    this.path = `/api/run/${element.dataset.run}`;
    this.steps = new Steps(element);
    this.stream = null;
    this.timer = null;
    this.drawing = null;
    this.stale = false;
    this.take(element.dataset);
  }

  get ended() {
    return ENDED.includes(this.status);
  }

  begin() {
    const { signal } = this;
    this.tabs = new BroadcastChannel("runs");
    this.tabs.addEventListener("message", ({ data }) => {
      if (data.run === this.element.dataset.run && data.status !== this.status) this.refresh();
    });
    this.tell();
    const tick = setInterval(() => this.tick(), 1000);
    signal.addEventListener("abort", () => {
      clearInterval(tick);
      clearTimeout(this.timer);
      this.hush();
      this.tabs.close();
    });
    document.addEventListener("visibilitychange", () => this.look(), { signal });
    if (document.hidden) this.look();
    else if (!this.ended) this.listen();
    this.later();
  }

  // What the server says of the run as a whole.
  take({ status, took, ready, total }) {
    this.status = status;
    this.ready = Number(ready);
    this.total = Number(total);
    this.began = took === "" ? null : performance.now() / 1000 - Number(took);
    if (this.ended) this.estimate = null;
    else this.estimate ??= new Estimate();
  }

  // Other tabs that show this run look at it again.
  tell() {
    this.tabs.postMessage({ run: this.element.dataset.run, status: this.status });
  }

  listen() {
    this.hush();
    if (this.ended) return;
    this.stream = new AbortController();
    const handlers = {
      run: (data) => this.onRun(data),
      step: (data) => this.onStep(data),
      progress: (data) => this.onProgress(data),
      log: ({ message }) => this.onLog(message),
      resync: () => this.refresh(),
    };
    follow(`${this.path}/events`, handlers, this.stream.signal, {
      lost: () => {
        this.away = true;
        this.later();
      },
      back: () => {
        this.away = false;
        this.refresh();
      },
      ended: () => this.ended,
    });
  }

  hush() {
    this.stream?.abort();
    this.stream = null;
  }

  // The page comes into view, or goes out of it.
  look() {
    if (document.hidden) {
      this.hush();
      this.later(HIDDEN);
    } else {
      this.refresh();
      this.listen();
    }
  }

  // Draw again after a while, if nothing else says when.
  later(pause = document.hidden ? HIDDEN : POLL) {
    clearTimeout(this.timer);
    const waits = this.element.dataset.waits !== undefined;
    if (waits) pause = WAITS;
    if (waits || (!this.ended && (!this.stream || this.away))) this.timer = setTimeout(() => this.refresh(), pause);
  }

  // Several wishes become one look, which begins after the last of them.
  async refresh() {
    if (this.drawing) {
      this.stale = true;
      return;
    }
    this.drawing = this.draw();
    await this.drawing;
    this.drawing = null;
    if (this.signal.aborted) return;
    if (this.stale) {
      this.stale = false;
      this.refresh();
    } else this.later();
  }

  async draw() {
    let page;
    try {
      page = await fetched(location.pathname + location.search, this.signal);
    } catch {
      return; // gone, or not reached: the stream or the timer tries again
    }
    const fresh = page.querySelector("[data-part=run]");
    if (!fresh || this.signal.aborted) return;
    const before = this.status;
    this.steps.draw(fresh);
    update(this.element, fresh);
    this.take(this.element.dataset);
    this.steps.find();
    document.title = page.title;
    if (before === this.status) return;
    this.say(`${fresh.dataset.called}: ${this.status}`);
    this.tell();
    if (this.ended) this.hush();
    else if (!this.stream && !document.hidden) this.listen();
  }

  onRun({ status }) {
    if (status !== this.status) this.refresh();
  }

  // A stream begins with what has been, and a run that is tried again begins anew: where a step seems to go back, or is
  // not known, the server says how it is.
  onStep(step) {
    if (this.drawing) this.stale = true;
    const was = this.steps.state(step.step_id);
    if (!(rank(step.status) >= rank(was))) this.refresh();
    else if (was === step.status) this.steps.set(step); // on which worker it is
    else {
      if (step.cached && this.total) this.ready = Math.min(1, this.ready + 1 / this.total);
      this.steps.set(step);
      if (step.status === "failed") this.say(`step ${step.step_id} failed`);
    }
  }

  onProgress({ done, total, fraction, steps }) {
    const bar = this.element.querySelector(".run-bar");
    if (!bar || fraction < bar.value) return;
    bar.value = fraction;
    this.put("[data-percent]", `${Math.round(100 * fraction)} %`);
    this.put("[data-count]", `${done} of ${total} steps`);
    for (const [id, share] of Object.entries(steps)) this.steps.progress(id, share);
    const now = performance.now() / 1000;
    if (this.began !== null) this.estimate?.note(fraction, this.ready, now - this.began, now);
  }

  onLog(message) {
    const log = document.getElementById("run-log");
    log.hidden = false;
    const lines = log.querySelector("ol");
    lines.append(make("li", {}, message));
    while (lines.children.length > LINES) lines.firstElementChild.remove();
  }

  tick() {
    if (this.ended || this.began === null) return;
    const now = performance.now() / 1000;
    this.put("[data-elapsed]", `for ${grown(now - this.began)}`);
    const left = this.status === "running" ? this.estimate?.words(now) : "";
    if (left) this.put("[data-left]", `, about ${left} left`);
  }

  put(selector, text) {
    const place = this.element.querySelector(selector);
    if (place && place.textContent !== text) place.textContent = text;
  }

  // For screen readers: states, and no ticks.
  say(words) {
    document.getElementById("said").textContent = words;
  }
}
