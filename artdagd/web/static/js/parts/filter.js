// A field that hides what has not all of the words typed into it. data-rows selects what is looked through, data-groups
// what is hidden when nothing in it is left; data-label names the field.
import { make } from "../elements.js";

export function mount(element, signal) {
  const field = make("input", { type: "search", maxlength: "100", autocomplete: "off", class: "block w-full" });
  const count = make("small", { role: "status" });
  element.append(make("label", { class: "block max-w-xl" }, element.dataset.label, field), count);
  const rows = [...document.querySelectorAll(element.dataset.rows)];
  const groups = element.dataset.groups ? [...document.querySelectorAll(element.dataset.groups)] : [];
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  function look() {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const row of rows) {
      row.hidden = !words.every((word) => texts.get(row).includes(word));
      if (!row.hidden) left += 1;
    }
    for (const group of groups) group.hidden = !rows.some((row) => !row.hidden && group.contains(row));
    count.textContent = words.length ? `${left} of ${rows.length}` : "";
  }

  field.addEventListener("input", look, { signal });
}
