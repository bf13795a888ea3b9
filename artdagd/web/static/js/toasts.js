// Short messages at the foot of the page, which go by themselves; those of errors stay until they are closed.
import { make } from "./elements.js";

const SECONDS = 6;
const MOST = 4;

// `kind` is good, bad or nothing; `action` is {label, run}. Gives a function that takes the message away.
export function toast(text, { kind = "", action = null } = {}) {
  const place = document.getElementById("toasts");
  const close = () => box.remove();
  const buttons = [
    action && make("button", { type: "button", class: "plain", click: () => (close(), action.run()) }, action.label),
    make("button", { type: "button", class: "plain", "aria-label": "Close this message", click: close }, "✕"),
  ];
  const box = make("div", { class: `toast ${kind}`, role: kind === "bad" ? "alert" : "status" }, make("span", {}, text), ...buttons.filter(Boolean));
  place.append(box);
  while (place.children.length > MOST) place.firstElementChild.remove();
  if (kind !== "bad") setTimeout(close, SECONDS * 1000);
  return close;
}
