// Errors of the node (RFC 9457), as elements and as exceptions.
import { make } from "./elements.js";

export class Problem extends Error {
  // `given` is application/problem+json: status, title, detail, and errors with loc, msg, line and column; advice is what to do.
  constructor(given) {
    super(given.detail || given.title);
    Object.assign(this, { status: 0, title: "", errors: [], advice: "" }, given);
  }
}

// The problem that an answer of a page or of the API tells, as an element that can have the focus.
export function told(xhr) {
  const type = xhr.getResponseHeader("Content-Type") ?? "";
  if (type.includes("json")) return shown(new Problem(JSON.parse(xhr.responseText)));
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  const faults = [...page.querySelectorAll("#main .faults li")].map((fault) => [fault.querySelector(".note"), fault.lastChild].filter(Boolean).map((one) => one.textContent.trim()).join(": "));
  const lines = [...page.querySelectorAll("#main [role=alert] p")].map((line) => line.textContent.trim());
  const title = page.querySelector("#main h1")?.firstChild?.textContent.trim() || `Error ${xhr.status}`;
  return box(title, [...new Set([...lines, ...faults])]);
}

// Says beside each field of a form what is wrong with it.
export function mark(form, xhr) {
  form.querySelectorAll(".fault").forEach((said) => said.remove());
  form.querySelectorAll("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  for (const fault of page.querySelectorAll("#main .faults li")) {
    const field = form.elements.namedItem(fault.querySelector("code").textContent);
    if (!(field instanceof HTMLElement) || field.type === "hidden") continue;
    field.setAttribute("aria-invalid", "true");
    field.after(make("span", { class: "fault block text-bad" }, fault.lastChild.textContent.trim()));
  }
}

export function shown(problem) {
  const faults = problem.errors.map(({ loc, msg, line }) => `${loc}${line ? ` (line ${line})` : ""}: ${msg}`);
  return box(problem.title, [problem.message, problem.advice, ...faults].filter(Boolean));
}

function box(title, lines) {
  const all = [make("b", {}, title), ...lines.map((line) => make("p", { class: "my-1" }, line))];
  return make("div", { class: "problem", role: "alert", tabindex: "-1" }, ...all);
}
