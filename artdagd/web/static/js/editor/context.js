// Where in a recipe's text one is: in which step, and what its type is. Read off the lines, as a text that is being
// written is seldom valid.

// {type, effect, word, from}: of the step around `caret`, and the word there with where it begins.
export function context(text, caret) {
  const before = text.slice(0, caret);
  const begun = before.match(/[\w-]*$/)[0];
  const from = caret - begun.length;
  const word = begun + text.slice(caret).match(/^[\w-]*/)[0];
  const lines = text.split("\n");
  const at = before.split("\n").length - 1;
  const first = up(lines, at);
  if (first === null) return { type: "", effect: "", word, from };
  const block = lines.slice(first, down(lines, first)).join("\n");
  const find = (key) => block.match(new RegExp(`(?:^|[\\s{,-])${key}:\\s*["']?([\\w-]+)`))?.[1] ?? "";
  return { type: find("type"), effect: find("effect"), word, from };
}

// The line on which the item begins that has line `at`, if it is one of steps.
function up(lines, at) {
  let first = null;
  for (let row = at; row >= 0; row -= 1) {
    if (first === null && /^\s*-\s+[{\w]/.test(lines[row])) first = row;
    if (/^\S/.test(lines[row]) && !/^(-|#)/.test(lines[row])) return /^steps\s*:/.test(lines[row]) ? first : null;
  }
  return null;
}

function down(lines, first) {
  const indent = lines[first].match(/^\s*/)[0].length;
  for (let row = first + 1; row < lines.length; row += 1) {
    if (lines[row].trim() && lines[row].match(/^\s*/)[0].length <= indent) return row;
  }
  return lines.length;
}
