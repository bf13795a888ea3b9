// What is told of one step beside a drawing: its parameters, what it reads, and what its type does.
import { make } from "./elements.js";
import { catalogue, described, parameters } from "./steps.js";

// `node` is the step's element; `above` and `below` are ids; `go(id)` chooses another step.
export function told(node, { above, below, go, close }) {
  const { step, type, state } = node.dataset;
  const config = JSON.parse(node.dataset.config ?? "{}");
  const given = node.classList.contains("given");
  const head = make(
    "div",
    { class: "flex items-start gap-2" },
    make("p", { class: "m-0 min-w-0 flex-1 text-lg leading-snug font-bold" }, step),
    make("button", { type: "button", class: "square", "aria-label": "Close", title: "Close (Escape)", click: close }, "✕"),
  );
  const what = make("p", { class: "mt-1 mb-0" }, given ? "input: " : "", make("code", {}, type));
  if (node.classList.contains("output")) what.append(" ", make("span", { class: "status" }, "output"));
  if (state) what.append(" ", make("span", { class: `status ${state}` }, state));
  const doc = make("div", { class: "doc" });
  if (!given) documentation(doc, type, config);
  return [head, what, list("Parameters", config), ...[["Reads", above], ["Read by", below]].map(([name, ids]) => others(name, ids, go)), doc];
}

function list(name, config) {
  const rows = Object.entries(config).flatMap(([key, value]) => [make("dt", {}, key), make("dd", {}, value)]);
  return rows.length ? make("div", {}, title(name), make("dl", { class: "config" }, ...rows)) : "";
}

function others(name, ids, go) {
  if (!ids.length) return "";
  const buttons = ids.map((id) => make("button", { type: "button", class: "chip", click: () => go(id) }, id));
  return make("div", {}, title(name), make("div", { class: "flex flex-wrap gap-1.5" }, ...buttons));
}

async function documentation(place, type, config) {
  let item;
  try {
    item = described(await catalogue(), type, config);
  } catch (error) {
    place.append(make("p", { class: "note" }, `Its documentation can't be shown. ${error.message}`));
    return;
  }
  if (!item) return;
  place.append(title(`About ${item.name}`), make("p", { class: "my-1" }, item.description));
  const rows = parameters(item);
  if (!rows.length) return;
  place.append(make("details", {}, make("summary", {}, `All parameters (${rows.length})`), ...rows.map(parameter)));
}

function parameter({ name, facts, description }) {
  return make("p", { class: "my-2 text-[.9em]" }, make("code", { class: "font-semibold" }, name), " ", make("span", { class: "note" }, facts), ...(description ? [make("br"), description] : []));
}

function title(text) {
  return make("p", { class: "label" }, text);
}
