// What can be written into a recipe: step types, effects and analyzers with their documentation, and examples to insert.
import { make } from "../elements.js";
import { catalogue, described, parameters } from "../steps.js";

const MOST = 12;
const KINDS = { step: "Step types", effect: "Effects", analyzer: "Analyzers" };

// `place` gets the panel; `insert(text, whole)` writes at the caret, `whole` says that it is a step;
// `put(from, to, text)` writes in the place of what is there.
export async function reference(place, insert, put) {
  const items = await catalogue();
  const words = make("input", { type: "search", placeholder: "resize, beats, blur …", "aria-label": "Search steps and effects", class: "w-full" });
  const list = make("div", { class: "mt-2" });
  const here = make("div", {});
  place.replaceChildren(here, words, list);
  let shown = "";

  function fill() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [...items.values()].filter((item) => wanted.every((word) => `${item.name} ${item.kind} ${item.description}`.toLowerCase().includes(word)));
    const groups = Object.entries(KINDS).map(([kind, title]) => [title, found.filter((item) => item.kind === kind)]);
    list.replaceChildren(...groups.filter(([, some]) => some.length).flatMap(([title, some]) => [make("p", { class: "label" }, title), ...some.map(entry)]));
    if (!found.length) list.append(make("p", { class: "note" }, "Nothing is found."));
  }

  function entry(item) {
    const details = make("details", { class: "entry", toggle: () => details.open && details.children.length === 1 && details.append(about(item)) }, make("summary", {}, make("code", {}, item.name), " ", make("small", {}, item.description)));
    return details;
  }

  function about(item) {
    const rows = parameters(item);
    const features = Object.entries(item.features ?? {});
    const buttons = item.kind === "analyzer" ? "" : make("button", { type: "button", click: () => insert(example(item), true) }, "Insert an example");
    return make("div", { class: "pb-3" }, make("p", { class: "my-1" }, item.description), buttons, reads(item), ...rows.map((row) => parameter(row, item)), ...features.map(([name, text]) => make("p", { class: "my-2 text-[.9em]" }, make("code", {}, name), ` ${text}`)));
  }

  function parameter({ name, facts, default: standard, description }, item) {
    const value = item.example[name] ?? standard;
    const button = make("button", { type: "button", class: "chip", title: "Insert at the caret", click: () => insert(`${name}: ${flow(value)}`, false) }, make("code", {}, name));
    return make("p", { class: "my-2 text-[.9em]" }, button, " ", make("span", { class: "note" }, facts), ...(description ? [make("br"), description] : []));
  }

  // Of what kind the name is that is being written, if there is none such yet.
  function beginning({ type, effect, word }) {
    if (word && word === effect && !items.has(`effect ${word}`)) return "effect";
    return word && word === type && !items.has(`step ${word}`) ? "step" : "";
  }

  function completions(kind, word, from) {
    const letters = word.toLowerCase();
    const names = [...items.values()].filter((item) => item.kind === kind && item.name.toLowerCase().includes(letters)).map(({ name }) => name);
    names.sort((one, other) => one.toLowerCase().indexOf(letters) - other.toLowerCase().indexOf(letters));
    const chips = names.slice(0, MOST).map((name) => make("button", { type: "button", class: "chip", click: () => put(from, from + word.length, name) }, name));
    if (!chips.length) return "";
    return make("div", { class: "here" }, make("p", { class: "label mt-0" }, kind === "step" ? "Step types like that" : "Effects like that"), make("div", { class: "flex flex-wrap gap-1.5" }, ...chips));
  }

  words.addEventListener("input", fill);
  fill();
  return {
    // Shows the step in which the caret is, and what begins like the word there.
    follow({ type, effect, word, from }) {
      const begun = beginning({ type, effect, word });
      const key = `${type} ${effect} ${begun ? from : ""}`;
      if (key === shown) return;
      shown = key;
      const item = type && described(items, type, { effect });
      here.replaceChildren(...(begun ? [completions(begun, word, from)] : []), ...(item ? [make("div", { class: "here" }, make("p", { class: "label mt-0" }, "The step at the caret"), make("p", { class: "m-0 font-semibold" }, make("code", {}, item.name)), about(item))] : []));
    },
  };
}

function reads({ inputs }) {
  if (!inputs?.length) return make("p", { class: "my-1 text-[.9em] text-dim" }, "Reads nothing.");
  const said = inputs.map(({ name, carries, many, least }) => `${name} (${carries}${many ? ", several" : ""}${least === 0 ? ", optional" : ""})`);
  return make("p", { class: "my-1 text-[.9em] text-dim" }, `Reads ${said.join(", ")}.`);
}

// A step as YAML, at the indentation of lists in recipes.
function example({ name, kind, inputs, example: config }) {
  const type = kind === "effect" ? "EFFECT" : name;
  const all = kind === "effect" ? { effect: name, ...config } : config;
  const fed = (inputs ?? []).filter(({ least }) => least !== 0).map((port) => port.name);
  const rows = Object.entries(all).map(([key, value]) => `      ${key}: ${flow(value)}`);
  return [`  - id: ${name.toLowerCase()}`, `    type: ${type}`, `    inputs: [${fed.join(", ")}]`, ...(rows.length ? ["    config:", ...rows] : [])].join("\n");
}

function flow(value) {
  if (typeof value !== "string") return JSON.stringify(value);
  return /^[A-Za-z_][\w ./-]*$/.test(value) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value) ? value : /^-?[\d.]+$/.test(value) || /^[[{]/.test(value) ? value : JSON.stringify(value);
}
