// Params in the form of a run: sliders beside numbers, switches, and the way back to the default.
import { make } from "../elements.js";

const STEPS = 200;

// `place` is the element of one param. `changed()` is called when it has another value.
export function param(place, signal, changed) {
  const { param: name, type, default: standard, min, max } = place.dataset;
  const control = place.querySelector(".control");
  let field = control.querySelector("input, select");
  const wrong = make("p", { class: "wrong", hidden: true, role: "alert" });
  const back = make("button", { type: "button", class: "square reset", "aria-label": `Reset ${name}`, title: `Back to ${standard}`, click: reset }, "↺");
  let follow = () => {};

  if (type === "boolean" && field.tagName === "SELECT" && field.options.length === 2) [field, follow] = toggle(place, field);
  else if ((type === "number" || type === "integer") && field.type === "number" && min !== undefined && max !== undefined) follow = slider();
  if (standard !== "") control.append(back);
  place.append(wrong);

  function toggle(whole, select) {
    const hidden = make("input", { type: "hidden", name: select.name, value: select.value });
    const box = make("input", { type: "checkbox", role: "switch", class: "switch", id: select.id, "aria-describedby": select.getAttribute("aria-describedby") });
    box.addEventListener("change", () => put(String(box.checked)), { signal });
    select.replaceWith(box, hidden);
    return [hidden, () => (box.checked = hidden.value === "true")];
  }

  function slider() {
    const [low, high] = [Number(min), Number(max)];
    const step = type === "integer" ? 1 : nice((high - low) / STEPS);
    const range = make("input", { type: "range", min: low, max: high, step, "aria-label": `${name}, slider` });
    range.addEventListener("input", () => put(String(type === "integer" ? range.value : Number(Number(range.value).toPrecision(6)))), { signal });
    field.before(range);
    control.classList.add("ranged");
    return () => (range.value = field.value === "" ? standard : field.value);
  }

  function put(value) {
    field.value = value;
    settle();
    changed();
  }

  function reset() {
    if (field.value === standard) return;
    field.value = standard;
    settle();
    changed();
  }

  function settle() {
    follow();
    complain("");
    back.disabled = field.value === standard;
  }

  function complain(text) {
    wrong.textContent = text;
    wrong.hidden = !text;
    field.setAttribute("aria-invalid", String(Boolean(text)));
  }

  field.addEventListener("input", () => (settle(), changed()), { signal });
  settle();
  const value = () => typed(type, field.value);
  return { name, complain, value, reset, missing: () => field.value === "" && standard === "", text: () => field.value, changed: () => field.value !== standard };
}

// A param's value as the API takes it; what is none of its type stays text, and is refused with a word.
function typed(type, text) {
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  if ((type === "number" || type === "integer") && text !== "" && Number.isFinite(Number(text))) return Number(text);
  return text;
}

// The largest of 1, 2 and 5 times a power of ten that is no more than `step`.
function nice(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  return Number((power * [5, 2, 1].find((one) => one * power <= step * 1.000001)).toPrecision(1));
}
