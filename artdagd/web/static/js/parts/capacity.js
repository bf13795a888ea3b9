// A number of bytes, typed in larger units: the field that is sent stays one of bytes.
import { make } from "../elements.js";

const UNITS = { GB: 1e9, TB: 1e12, MB: 1e6, bytes: 1 };

export function mount(element, signal) {
  const bytes = element.querySelector("input");
  const first = bytes.value === "" ? "GB" : ["TB", "GB", "MB"].find((unit) => bytes.value % (UNITS[unit] / 10) === 0 && bytes.value >= UNITS[unit]) ?? "bytes";
  const amount = make("input", { type: "number", min: "0", step: "any", "aria-label": "Capacity", value: bytes.value === "" ? "" : bytes.value / UNITS[first] });
  const unit = make("select", { "aria-label": "Unit of the capacity" }, ...Object.keys(UNITS).map((name) => make("option", { selected: name === first }, name)));
  unit.className = "w-auto!";
  bytes.type = "hidden";
  element.querySelector("[data-unit]").remove();
  bytes.after(make("span", { class: "mt-1 flex gap-2" }, amount, unit));
  const set = () => (bytes.value = amount.value === "" ? "" : Math.round(amount.value * UNITS[unit.value]));
  for (const field of [amount, unit]) field.addEventListener("input", set, { signal });
}
