// A drawing of steps (the macro graph of parts.html) for other scripts: states, who reads whom, and which step is chosen.
// The drawing tells of a choice by the event "dag:select" with detail {step}, a step's id or null; it bubbles.
import { draw } from "./elements.js";

const STATES = ["pending", "ready", "waiting", "running", "completed", "done", "cached", "fused", "failed", "cancelled"];

// The element of a step in `root`, or null.
export function nodeOf(root, step) {
  return [...root.querySelectorAll("g.box")].find((node) => node.dataset.step === step) ?? null;
}

// Shows how far a step is: one of STATES, or "" for none; `fraction` (0..1) of a running one as a bar at its foot.
export function setState(root, step, state, fraction = null) {
  const node = nodeOf(root, step);
  if (!node) return;
  if (STATES.includes(state)) node.dataset.state = state;
  else delete node.dataset.state;
  let bar = node.querySelector(".bar");
  if (fraction === null || state !== "running") return void bar?.remove();
  const box = node.querySelector("rect");
  if (!bar) {
    const [x, y, high] = ["x", "y", "height"].map((name) => Number(box.getAttribute(name)));
    bar = node.appendChild(draw("rect", { class: "bar", x: x + 6, y: y + high - 5, height: 3, rx: 1.5 }));
  }
  bar.setAttribute("width", Math.max(0, Math.min(1, fraction)) * (Number(box.getAttribute("width")) - 12));
}

// Who reads whom: Maps from a step's id to the ids that it reads (above), and to those that read it (below).
export function links(root) {
  const above = new Map();
  const below = new Map();
  for (const { dataset } of root.querySelectorAll("g.box")) {
    above.set(dataset.step, []);
    below.set(dataset.step, []);
  }
  for (const { dataset } of root.querySelectorAll(".edge")) {
    above.get(dataset.below)?.push(dataset.above);
    below.get(dataset.above)?.push(dataset.below);
  }
  return { above, below };
}

// All that can be reached from `step` by `next`, without itself.
export function reach(step, next) {
  const found = new Set();
  const left = [step];
  while (left.length) {
    for (const other of next.get(left.pop()) ?? []) {
      if (!found.has(other)) {
        found.add(other);
        left.push(other);
      }
    }
  }
  return found;
}
