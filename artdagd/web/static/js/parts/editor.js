// The editor of a recipe: checked as one types, drawn beside the text, with what can be written at hand.
import { call } from "../api.js";
import { writer } from "../editor/area.js";
import { context } from "../editor/context.js";
import { draft } from "../editor/draft.js";
import { rows } from "../editor/faults.js";
import { reference } from "../editor/reference.js";
import { make } from "../elements.js";
import { shown } from "../problems.js";
import { toast } from "../toasts.js";

const PAUSE = 350;
const YAML = "application/yaml";

export async function mount(form, signal) {
  const area = form.querySelector("textarea");
  const save = form.querySelector("button.primary");
  const start = area.defaultValue; // something may have been written before this came
  let saved = start;
  let [timer, asked, drawn] = [0, null, ""];
  form.classList.add("live");
  const write = writer(area, signal);
  const state = make("p", { class: "m-0", role: "status" });
  const faults = make("ul", { class: "faults" });
  save.after(make("span", { class: "note text-[.9em]" }, "Tab indents. To leave the text by keyboard: Escape, then Tab."));
  area.closest(".code").after(make("div", { class: "verdict" }, state, faults));
  const graph = make("div", { class: "graph" });
  const book = make("div", { class: "book" }, make("p", { class: "note" }, "…"));
  form.append(make("div", { class: "beside" }, ...tabs([["Graph", graph], ["Steps and effects", book]])));

  const kept = draft(form, () => area.value, () => area.value !== saved, signal);
  const before = kept.found();
  if (before && before !== start) {
    area.value = before;
    area.dispatchEvent(new Event("input"));
    const discard = make("button", { type: "button", class: "plain", click: () => (write.put(0, area.value.length, start), note.remove()) }, "Discard it");
    const note = make("p", { class: "note" }, "This is what you wrote before, and did not save. ", discard);
    form.before(note);
    signal.addEventListener("abort", () => note.remove());
  }

  area.addEventListener("input", () => (kept.keep(), later()), { signal });
  form.addEventListener("submit", submit, { signal, capture: true });
  area.addEventListener("keydown", (event) => (event.ctrlKey || event.metaKey) && event.key === "s" && (event.preventDefault(), form.requestSubmit()), { signal });
  signal.addEventListener("abort", () => (clearTimeout(timer), asked?.abort()));
  check();
  try {
    const panel = await reference(book, insert, write.put);
    const follow = () => document.activeElement === area && panel.follow(context(area.value, area.selectionStart));
    document.addEventListener("selectionchange", follow, { signal });
    area.addEventListener("input", follow, { signal });
  } catch (error) {
    book.replaceChildren(shown(error));
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(check, PAUSE);
  }

  async function check() {
    asked?.abort();
    asked = new AbortController();
    const sent = { body: area.value, type: YAML, signal: asked.signal };
    try {
      const { valid, errors } = await call("POST", "/recipes/check", sent);
      told(errors);
      if (valid) await draw(sent);
      graph.classList.toggle("old", !valid);
    } catch (error) {
      if (error.name === "AbortError") return;
      state.textContent = error.message;
      state.className = "m-0 text-bad";
    }
  }

  function told(errors) {
    const count = errors.length;
    state.textContent = count ? `${count} ${count === 1 ? "thing is" : "things are"} wrong` : "It is valid.";
    state.className = `m-0 font-semibold ${count ? "text-bad" : "text-good"}`;
    faults.replaceChildren(...rows(errors, write, area));
    write.mark(errors.map(({ line }) => line).filter(Boolean));
    area.setAttribute("aria-invalid", String(Boolean(count)));
  }

  async function draw(sent) {
    const html = await call("POST", "/recipes/draw", sent);
    if (html === drawn) return;
    drawn = html;
    htmx.swap(graph, html, { swapStyle: "innerHTML" });
  }

  // A step goes on lines of its own behind the one with the caret; anything else to the caret.
  function insert(text, whole) {
    const end = area.value.indexOf("\n", area.selectionEnd);
    const at = end < 0 ? area.value.length : end;
    if (whole) write.put(at, at, `\n\n${text}\n`);
    else write.put(area.selectionStart, area.selectionEnd, text);
  }

  async function submit(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
    save.disabled = true;
    form.querySelector(".problem")?.remove();
    const text = area.value;
    try {
      const { recipe_id, name, version, created } = await call("POST", "/recipes/upload", { body: text, type: YAML });
      saved = text;
      kept.drop();
      toast(created ? `${name}, version ${version}, is kept.` : `${name} was kept already: its text is the same.`, { kind: "good" });
      await htmx.ajax("GET", `/recipe/${recipe_id}`, { target: "#page", select: "#page", swap: "outerHTML show:window:top", push: "true" });
    } catch (error) {
      if (error.errors?.length) told(error.errors);
      const problem = shown(error);
      save.closest("p").after(problem);
      problem.focus();
    } finally {
      save.disabled = false;
    }
  }
}

function tabs(all) {
  const buttons = all.map(([name], at) => make("button", { type: "button", role: "tab", "aria-selected": String(!at), click: () => turn(at) }, name));
  const panes = all.map(([name, pane], at) => (pane.setAttribute("role", "tabpanel"), pane.setAttribute("aria-label", name), (pane.hidden = Boolean(at)), pane));
  function turn(to) {
    buttons.forEach((button, at) => button.setAttribute("aria-selected", String(at === to)));
    panes.forEach((pane, at) => (pane.hidden = at !== to));
  }
  return [make("div", { class: "tabs", role: "tablist", "aria-label": "Beside the text" }, ...buttons), ...panes];
}
