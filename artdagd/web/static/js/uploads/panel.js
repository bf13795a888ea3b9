// The list of files that are uploaded: on the page of media, and at the foot of others while some are under way.
import { make } from "../elements.js";
import { clock, size } from "../words.js";
import { add, underWay } from "./queue.js";

const FIRST = 5; // the seconds left are a guess before so many percent

const rows = new Map();
const list = make("ul", { class: "rows" });
const told = make("p", { class: "told", role: "status" });
const bar = make("progress", { max: 1, value: 0, "aria-label": "All uploads" });
const clear = make("button", { type: "button", class: "plain", click: tidy }, "Clear what is done");
const back = make("a", { class: "back", href: "/media" }, "Show them");
const panel = make("section", { class: "uploads", "aria-label": "Uploads", hidden: true }, make("div", { class: "head" }, told, bar, back, clear), list);

// Puts the panel into `place`, or, where that is null, to the foot of whichever page is shown.
export function show(place) {
  if (!place && !underWay().length) tidy();
  panel.classList.toggle("docked", !place);
  (place ?? document.body).append(panel);
  if (!place) htmx.process(back);
  summarise();
}

export function upload(files) {
  for (const one of add(files, changed)) {
    const row = made(one);
    rows.set(one, row);
    list.append(row.element);
    changed(one);
  }
}

function tidy() {
  for (const [one, { element }] of rows) {
    if (!one.over) continue;
    element.remove();
    rows.delete(one);
  }
  summarise();
}

function made(one) {
  const name = make("span", { class: "name" }, one.file.name);
  const words = make("span", { class: "words" });
  const progress = make("progress", { max: 1, value: 0, "aria-label": `Upload of ${one.file.name}` });
  const button = (label, run) => make("button", { type: "button", "aria-label": `${label} ${one.file.name}`, click: run }, label);
  const buttons = { cancel: button("Cancel", () => one.cancel()), retry: button("Retry", () => one.retry()) };
  const element = make("li", { "data-state": one.state }, name, make("small", {}, size(one.file.size)), progress, words, buttons.cancel, buttons.retry);
  return { element, name, words, progress, ...buttons };
}

function changed(one) {
  const row = rows.get(one);
  if (!row) return;
  row.element.dataset.state = one.state;
  row.progress.value = one.fraction;
  row.progress.hidden = one.over;
  row.cancel.hidden = one.over;
  row.retry.hidden = !one.over || one.state === "kept" || one.hopeless;
  row.words.textContent = words(one);
  if (one.state === "kept") {
    const link = make("a", { class: "name", href: `/cache/${one.kept.cid}` }, one.file.name);
    row.name.replaceWith(link);
    row.name = link;
    htmx.process(link);
  }
  summarise();
}

function words(one) {
  if (one.state === "waiting") return "waits";
  if (one.state === "storing") return "the node stores it";
  if (one.state === "kept") return one.kept.existed ? "already here" : "uploaded";
  if (one.state !== "sending") return one.why;
  const percent = Math.floor(100 * one.fraction);
  const rate = one.rate ? ` · ${size(Math.round(one.rate))}/s` : "";
  return `${percent} %${rate}${one.left !== null && percent >= FIRST ? ` · ${clock(one.left)} left` : ""}`;
}

function summarise() {
  const every = [...rows.keys()];
  const count = (state) => every.filter((one) => one.state === state).length;
  const open = every.filter((one) => !one.over);
  const words = [`${count("kept")} of ${every.length} uploaded`];
  if (count("refused")) words.push(`${count("refused")} refused`);
  if (count("cancelled")) words.push(`${count("cancelled")} cancelled`);
  // A screen reader is told of each file that is done, and not of each tick.
  if (told.textContent !== words.join(", ")) told.textContent = words.join(", ");
  const total = open.reduce((sum, { file }) => sum + file.size, 0);
  bar.value = total ? open.reduce((sum, { sent }) => sum + sent, 0) / total : 1;
  bar.hidden = !open.length;
  clear.hidden = open.length === every.length;
  panel.hidden = !every.length;
  if (panel.classList.contains("docked") && !open.length) panel.classList.add("done");
  else panel.classList.remove("done");
}
