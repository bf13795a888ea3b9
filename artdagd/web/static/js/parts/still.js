// The picture of a medium in a list. One that is being made is waited for; a video's frames pass under the pointer,
// under a finger that moves sideways, and, while its link has the keyboard's focus, by themselves and with the arrows.
import { make } from "../elements.js";
import { waited } from "../pictures.js";
import { preview } from "../previews.js";
import { clock } from "../words.js";

const FRAMES = 20;
const PATIENCE = 120; // ms that a pointer rests before frames are asked for: it may just pass by
const EACH = 400; // ms of a frame that passes by itself
const DRAG = 8; // pixels that a finger moves before it means the frames and not the link
const AFTER = 900; // ms that the last frame stays when the finger is gone

export function mount(element, signal) {
  const picture = element.querySelector("img");
  if (picture) waited(picture, signal);
  if (element.dataset.kind === "video") new Frames(element, signal);
}

class Frames {
  constructor(element, signal) {
    Object.assign(this, { element, signal, strip: null, asked: null, at: 0, shown: false, timer: 0, from: null, dragged: false });
    this.canvas = make("canvas", { "aria-hidden": "true", hidden: true });
    this.line = make("span", { class: "line", hidden: true });
    this.time = make("span", { class: "mark time", hidden: true });
    element.append(this.canvas, this.line, this.time);
    signal.addEventListener("abort", () => (clearTimeout(this.timer), this.strip?.close()));
    const link = element.closest("a") ?? element;
    const listen = (target, name, run) => target.addEventListener(name, run, { signal });
    listen(element, "pointerenter", (event) => event.pointerType === "mouse" && this.rest(event));
    listen(element, "pointermove", (event) => this.move(event));
    listen(element, "pointerdown", (event) => (this.from = event.clientX, this.dragged = false));
    listen(element, "pointerleave", (event) => event.pointerType === "mouse" && this.hide());
    listen(element, "pointerup", (event) => event.pointerType !== "mouse" && this.hide(AFTER));
    listen(element, "pointercancel", () => this.hide());
    listen(element, "contextmenu", (event) => this.dragged && event.preventDefault());
    link.addEventListener("click", (event) => this.dragged && (event.preventDefault(), event.stopPropagation(), (this.dragged = false)), { signal, capture: true });
    listen(link, "dragstart", (event) => event.preventDefault());
    listen(link, "focus", () => link.matches(":focus-visible") && this.pass());
    listen(link, "blur", () => this.hide());
    listen(link, "keydown", (event) => this.key(event));
  }

  rest(event) {
    clearTimeout(this.timer);
    this.at = this.under(event);
    this.timer = setTimeout(() => this.show(), PATIENCE);
  }

  move(event) {
    if (event.pointerType === "mouse") {
      this.at = this.under(event);
      if (this.shown) this.draw();
    } else if (this.from !== null && (this.dragged || Math.abs(event.clientX - this.from) > DRAG)) {
      this.dragged = true;
      this.at = this.under(event);
      this.show();
    }
  }

  under(event) {
    const { left, width } = this.element.getBoundingClientRect();
    return Math.min(FRAMES - 1, Math.max(0, Math.floor((FRAMES * (event.clientX - left)) / width)));
  }

  // One frame after the other, for as long as the link has the focus.
  async pass() {
    await this.show();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const next = () => {
      if (!this.shown) return;
      this.at = (this.at + 1) % FRAMES;
      this.draw();
      this.timer = setTimeout(next, EACH);
    };
    this.timer = setTimeout(next, EACH);
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    clearTimeout(this.timer);
    this.at = (this.at + step + FRAMES) % FRAMES;
    this.show();
  }

  async show() {
    this.shown = true;
    this.asked ??= this.load();
    await this.asked;
    if (this.strip && this.shown) this.draw();
  }

  async load() {
    try {
      const picture = await preview(`/cache/${this.element.dataset.cid}/thumbnails?width=160`, this.signal);
      if (!picture) return;
      this.strip = await createImageBitmap(picture);
      [this.canvas.width, this.canvas.height] = [this.strip.width / FRAMES, this.strip.height];
    } catch (error) {
      if (error.name !== "AbortError") this.asked = null;
    }
  }

  draw() {
    if (!this.strip) return;
    const { width, height } = this.canvas;
    this.canvas.getContext("2d").drawImage(this.strip, this.at * width, 0, width, height, 0, 0, width, height);
    this.canvas.dataset.frame = this.at;
    this.line.style.width = `${(100 * (this.at + 0.5)) / FRAMES}%`;
    const duration = Number(this.element.dataset.duration);
    this.time.textContent = clock((duration * (this.at + 0.5)) / FRAMES);
    this.canvas.hidden = this.line.hidden = false;
    this.time.hidden = !duration;
  }

  hide(after = 0) {
    clearTimeout(this.timer);
    this.from = null;
    this.timer = setTimeout(() => {
      this.shown = this.dragged = false;
      this.canvas.hidden = this.line.hidden = this.time.hidden = true;
    }, after);
  }
}
