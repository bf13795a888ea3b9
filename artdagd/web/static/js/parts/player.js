// Under the player a line of time to move along: a video's film strip, and the sound as a wave.
import { make } from "../elements.js";
import { preview } from "../previews.js";
import { clock } from "../words.js";

const SECOND = 1;
const FAR = 0.1; // of the whole, for Page Up and Page Down

export function mount(element, signal) {
  const media = element.querySelector("video, audio");
  if (media) new Timeline(element, media, signal);
}

class Timeline {
  constructor(element, media, signal) {
    Object.assign(this, { media, signal, fps: Number(element.dataset.fps) || 25, frame: 0 });
    this.now = make("span", { class: "now" });
    this.slider = make("div", { class: "timeline", role: "slider", tabindex: "0", "aria-label": "Position", "aria-valuemin": 0, "aria-valuenow": 0 }, this.now);
    const frames = element.dataset.kind === "video" ? [", ", make("kbd", {}, ","), " and ", make("kbd", {}, "."), " for a frame"] : [];
    const help = make("p", { class: "note keys" }, "Click or drag to move. Keys: arrows for a second", ...frames, ", space to play.");
    const plain = element.querySelector("img.wave");
    if (plain) plain.replaceWith(this.slider);
    else element.append(this.slider);
    element.append(help);
    const listen = (target, names, run) => names.split(" ").forEach((name) => target.addEventListener(name, run, { signal }));
    listen(media, "loadedmetadata durationchange timeupdate seeking seeked pause", () => this.draw());
    listen(media, "play", () => this.run());
    listen(this.slider, "pointerdown", (event) => this.grab(event));
    listen(this.slider, "pointermove", (event) => this.slider.hasPointerCapture(event.pointerId) && this.seek(event));
    listen(this.slider, "pointerup", (event) => event.pointerType === "touch" && this.seek(event));
    listen(this.slider, "keydown", (event) => this.key(event));
    signal.addEventListener("abort", () => cancelAnimationFrame(this.frame));
    const cid = element.dataset.cid;
    if (element.dataset.kind === "video") this.film(`/cache/${cid}/thumbnails?width=160`);
    this.wave(`/cache/${cid}/waveform?width=1280&height=128`);
  }

  async film(path) {
    const address = await this.picture(path);
    if (address) this.add(make("img", { class: "film", src: address, alt: "", draggable: "false" }), true);
  }

  async wave(path) {
    const address = await this.picture(path);
    if (!address) return;
    const sound = make("span", { class: "sound" });
    sound.style.maskImage = `url("${address}")`;
    this.add(sound, false);
  }

  // The address of a picture of the medium's in this document; nothing where there is none.
  async picture(path) {
    try {
      const found = await preview(path, this.signal);
      if (!found || this.signal.aborted) return "";
      const address = URL.createObjectURL(found);
      this.signal.addEventListener("abort", () => URL.revokeObjectURL(address));
      return address;
    } catch {
      return "";
    }
  }

  add(picture, first) {
    if (first) this.slider.prepend(picture);
    else this.now.before(picture);
    this.draw();
  }

  run() {
    this.draw();
    if (!this.media.paused) this.frame = requestAnimationFrame(() => this.run());
  }

  draw() {
    const { currentTime, duration } = this.media;
    if (!Number.isFinite(duration) || duration <= 0) return;
    this.slider.style.setProperty("--at", `${(100 * currentTime) / duration}%`);
    const said = `${clock(currentTime)} of ${clock(duration)}`;
    if (this.slider.getAttribute("aria-valuetext") === said) return;
    this.slider.setAttribute("aria-valuemax", duration.toFixed(2));
    this.slider.setAttribute("aria-valuenow", currentTime.toFixed(2));
    this.slider.setAttribute("aria-valuetext", said);
  }

  grab(event) {
    if (event.button !== 0) return;
    this.slider.setPointerCapture(event.pointerId);
    if (event.pointerType !== "touch") this.seek(event); // a finger may mean to scroll the page
  }

  seek(event) {
    const { left, width } = this.slider.getBoundingClientRect();
    this.to((this.media.duration * (event.clientX - left)) / width);
  }

  to(seconds) {
    if (!Number.isFinite(seconds)) return;
    this.media.currentTime = Math.min(this.media.duration, Math.max(0, seconds));
    this.draw();
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { currentTime: at, duration } = this.media;
    const places = {
      ArrowLeft: at - SECOND, ArrowRight: at + SECOND, ArrowDown: at - SECOND, ArrowUp: at + SECOND, ",": at - 1 / this.fps, ".": at + 1 / this.fps,
      PageDown: at - FAR * duration, PageUp: at + FAR * duration, Home: 0, End: duration,
    };
    if (event.key in places) this.to(places[event.key]);
    else if (event.key === " ") this.media[this.media.paused ? "play" : "pause"]();
    else return;
    event.preventDefault();
  }
}
