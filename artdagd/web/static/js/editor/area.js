// A plain text area that writes YAML: line numbers, marked lines, Tab, and edits that can be undone.
import { make } from "../elements.js";

const INDENT = "  ";

// `area` is a textarea in an element of its own. `at` counts lines and columns from 1, columns in characters.
export function writer(area, signal) {
  const numbers = make("pre", { class: "gutter", "aria-hidden": "true" });
  const bars = make("div", { class: "bars", "aria-hidden": "true" });
  area.before(numbers, bars);
  let wrong = new Set();
  let shown = "";
  let leaving = false;

  function draw() {
    const count = area.value.split("\n").length;
    const key = `${count} ${[...wrong].join(" ")}`;
    if (key !== shown) {
      shown = key;
      numbers.replaceChildren(...Array.from({ length: count }, (_, at) => make("span", { class: wrong.has(at + 1) ? "bad" : "" }, `${at + 1}\n`)));
      bars.replaceChildren(...[...wrong].map(bar));
    }
    scrolled();
  }

  function bar(line) {
    const made = make("div", {});
    made.style.top = `calc(${line - 1} * 1lh)`;
    return made;
  }

  function scrolled() {
    numbers.style.transform = `translateY(${-area.scrollTop}px)`;
    bars.style.transform = `translateY(${-area.scrollTop}px)`;
  }

  // As if it was typed, so that the browser can undo it.
  function put(from, to, text) {
    area.focus();
    area.setSelectionRange(from, to);
    const done = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
    if (!done) {
      area.setRangeText(text, from, to, "end");
      area.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  function offset(line, column) {
    const lines = area.value.split("\n");
    const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    // Columns count characters, strings code units.
    return before + [...(lines[line - 1] ?? "")].slice(0, column - 1).join("").length;
  }

  function jump(line, column, length = 0) {
    const at = offset(line, column);
    area.focus({ preventScroll: true });
    area.setSelectionRange(at, at + length);
    const high = area.scrollHeight / Math.max(1, area.value.split("\n").length);
    area.scrollTop = Math.max(0, (line - 1) * high - area.clientHeight / 3);
    area.scrollIntoView({ block: "nearest" });
  }

  // The lines of the selection, from the start of the first to the end of the last.
  function lines() {
    const { value, selectionStart: from, selectionEnd: to } = area;
    const start = value.lastIndexOf("\n", from - 1) + 1;
    const end = value.indexOf("\n", to);
    return [start, end < 0 ? value.length : end];
  }

  function indent(back) {
    const { selectionStart: from, selectionEnd: to, value } = area;
    if (from === to && !back) return put(from, to, INDENT);
    const [start, end] = lines();
    const text = value.slice(start, end);
    const made = back ? text.replace(/^ {1,2}/gm, "") : text.replace(/^(?=.)/gm, INDENT);
    if (made === text) return;
    put(start, end, made);
    if (from !== to) area.setSelectionRange(start, start + made.length);
  }

  // A new line begins where the last one did; after "key:" and within an item of a list further in.
  function newline() {
    const { selectionStart: from, selectionEnd: to, value } = area;
    const line = value.slice(value.lastIndexOf("\n", from - 1) + 1, from);
    const [, space, dash] = line.match(/^( *)(- +)?/);
    const deeper = /:\s*$/.test(line) ? INDENT : "";
    put(from, to, `\n${space}${" ".repeat(dash?.length ?? 0)}${line.trim() ? deeper : ""}`);
  }

  area.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (event.key === "Tab" && !leaving) {
        event.preventDefault();
        indent(event.shiftKey);
      } else if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        newline();
      }
      leaving = event.key === "Escape" || (leaving && event.key === "Shift");
    },
    { signal },
  );
  area.addEventListener("input", draw, { signal });
  area.addEventListener("scroll", scrolled, { signal });
  draw();
  return {
    put,
    jump,
    offset,
    mark(found) {
      wrong = new Set(found);
      draw();
    },
  };
}
