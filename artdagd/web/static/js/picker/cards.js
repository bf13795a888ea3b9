// A medium as people recognise it: its picture, its name, and what it is.
import { make } from "../elements.js";

const TRIES = 8;
const WAIT = 1500;

// What a medium is: until a worker has looked at it, what its first bytes say.
export function kindOf({ kind, media_type }) {
  return kind === "other" ? media_type.split("/")[0] : kind;
}

export function nameOf({ title, filename, cid }) {
  return title || filename || `${cid.slice(0, 8)}…${cid.slice(-8)}`;
}

export function factsOf(entry) {
  const size = entry.width ? `${entry.width} × ${entry.height}` : "";
  const long = entry.duration && kindOf(entry) !== "image" ? clock(entry.duration) : "";
  return [kindOf(entry), long, size].filter(Boolean).join(" · ");
}

// Its poster or waveform, asked for again while it is being made.
export function still(entry) {
  const kind = kindOf(entry);
  const path = { video: "poster?width=320", image: "poster?width=320", audio: "waveform?width=320&height=64" }[kind];
  const place = make("span", { class: "still" }, path ? null : make("span", {}, kind));
  if (path) place.append(retried(make("img", { alt: "", loading: "lazy", src: `/cache/${entry.cid}/${path}` })));
  return place;
}

export function retried(image) {
  let tries = 0;
  const { src } = image;
  image.addEventListener("error", () => {
    image.hidden = true;
    tries += 1;
    if (tries < TRIES) setTimeout(() => image.isConnected && (image.src = `${src}#${tries}`), WAIT);
  });
  image.addEventListener("load", () => (image.hidden = false));
  return image;
}

function clock(seconds) {
  if (seconds < 60) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
