// What is wrong with a recipe's text: where, what, and a remedy that one click applies.
import { make } from "../elements.js";

const SUGGESTED = /(?:'([^']*)'|"([^"]*)"); did you mean '([^']+)'\?/;

// Rows of `errors` as POST /recipes/check gives them. `writer` is that of area.js, `area` its text.
export function rows(errors, writer, area) {
  return errors.map((fault) => {
    const place = fault.line ? `Line ${fault.line}, column ${fault.column}` : "The text";
    const go = make("button", { type: "button", class: "plain", click: () => writer.jump(fault.line ?? 1, fault.column ?? 1) }, place);
    const item = make("li", {}, go, `: ${fault.msg}`);
    const fix = remedy(fault, writer, area);
    if (fix) item.append(" ", make("button", { type: "button", class: "chip", click: fix.apply }, `Write ${fix.text}`));
    return item;
  });
}

// What the message suggests in place of what stands there, if both are found.
function remedy({ line, column, msg }, writer, area) {
  const match = msg.match(SUGGESTED);
  if (!match || !line) return null;
  const [wrong, text] = [match[1] ?? match[2], match[3]];
  const from = writer.offset(line, column);
  const at = area.value.indexOf(wrong, from);
  if (!wrong || at < 0) return null;
  return { text, apply: () => writer.put(at, at + wrong.length, text) };
}
