// A medium as people recognise it: its picture, its name, and what it is.
import { make } from "../elements.js";
import { waited } from "../pictures.js";
import { span } from "../words.js";

// What a medium is: until a worker has looked at it, what its first bytes say.
export function kindOf({ kind, media_type }) {
  return kind === "other" ? media_type.split("/")[0] : kind;
}

export function nameOf({ title, filename, cid }) {
  return title || filename || `${cid.slice(0, 8)}…${cid.slice(-8)}`;
}

export function factsOf(entry) {
  const size = entry.width ? `${entry.width} × ${entry.height}` : "";
  const long = entry.duration && kindOf(entry) !== "image" ? span(entry.duration) : "";
  return [kindOf(entry), long, size].filter(Boolean).join(" · ");
}

// Its poster or waveform, waited for while it is being made.
export function still(entry, signal) {
  const kind = kindOf(entry);
  const path = { video: "poster?width=320", image: "poster?width=320", audio: "waveform?width=320&height=128" }[kind];
  if (!path) return make("span", { class: "still" }, make("span", {}, kind));
  const picture = make("img", { class: kind === "audio" && "wave", alt: "", loading: "lazy", src: `/cache/${entry.cid}/${path}` });
  waited(picture, signal);
  return make("span", { class: "still" }, picture);
}
