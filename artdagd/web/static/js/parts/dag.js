// Explores a drawing of steps: moves and zooms it, goes from step to step by keyboard, and tells of the one that is chosen.
import { links, nodeOf, reach } from "../dag.js";
import { told } from "../dag-panel.js";
import { viewOf } from "../dag-view.js";
import { make } from "../elements.js";

const MANY = 24; // steps, of which one is found by its name
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export function mount(element, signal) {
  const frame = element.querySelector(".drawing");
  const svg = frame.querySelector("svg");
  const nodes = [...svg.querySelectorAll("g.box")];
  const { above, below } = links(svg);
  const panel = make("aside", { class: "about", "aria-label": "The chosen step", hidden: true });
  element.classList.add("live");
  element.append(panel);
  svg.setAttribute("role", "group");
  frame.setAttribute("aria-label", "Drawing of the steps. Arrow keys move it, plus and minus zoom it, Tab goes to its steps.");

  let wheels = element.classList.contains("whole");
  // Not on the drawing itself: an SVG element that listens to this is a stop of Tab in Chromium.
  frame.addEventListener(
    "focusin",
    ({ target }) => {
      wheels = true;
      if (target.matches("g.box")) view.show(target);
    },
    { signal },
  );
  const view = viewOf(frame, svg, signal, () => wheels);
  frame.append(tools(view));
  if (nodes.length > MANY) frame.append(finder());

  let chosen = null;
  let current = null;

  // One step at a time is reached by Tab: 300 of them would keep one from what comes after.
  function settle(node) {
    node.setAttribute("tabindex", "0");
    if (current && current !== node) current.removeAttribute("tabindex");
    current = node;
  }

  function visit(node) {
    if (!node) return;
    settle(node);
    node.focus({ preventScroll: true });
    view.show(node);
    if (chosen) choose(node);
  }

  function choose(node) {
    chosen?.setAttribute("aria-pressed", "false");
    chosen = node;
    const step = node?.dataset.step ?? null;
    mark(step);
    panel.hidden = !node;
    if (node) {
      settle(node);
      node.setAttribute("aria-pressed", "true");
      panel.replaceChildren(...told(node, { above: above.get(step), below: below.get(step), go: (id) => visit(nodeOf(svg, id)), close }));
      view.show(node);
    }
    element.dispatchEvent(new CustomEvent("dag:select", { bubbles: true, detail: { step } }));
  }

  // Finds a step by its name, or by what it is called among others.
  function finder() {
    const names = make("datalist", { id: `steps-${Math.random().toString(36).slice(2)}` }, ...nodes.map(({ dataset }) => make("option", { value: dataset.step }, dataset.type)));
    const box = make("input", { type: "search", list: names.id, placeholder: "Find a step", "aria-label": "Find a step", change: find });
    function find() {
      const wanted = box.value.trim().toLowerCase();
      const like = (node) => node.dataset.step.toLowerCase().includes(wanted);
      const node = wanted && (nodes.find(({ dataset }) => dataset.step.toLowerCase() === wanted) ?? nodes.find(like));
      box.setAttribute("aria-invalid", String(Boolean(wanted) && !node));
      if (!node) return;
      view.read(node);
      choose(node);
    }
    return make("div", { class: "find" }, box, names);
  }

  function close() {
    const node = chosen;
    choose(null);
    node?.focus({ preventScroll: true });
  }

  function mark(step) {
    const near = step === null ? [] : [new Set(above.get(step)), new Set(below.get(step))];
    const far = step === null ? null : new Set([step, ...reach(step, above), ...reach(step, below)]);
    for (const node of nodes) {
      const { step: id } = node.dataset;
      node.classList.toggle("chosen", id === step);
      node.classList.toggle("read", Boolean(near[0]?.has(id)));
      node.classList.toggle("reader", Boolean(near[1]?.has(id)));
      node.classList.toggle("aside", Boolean(far) && !far.has(id));
    }
    for (const edge of svg.querySelectorAll(".edge")) {
      edge.classList.toggle("read", edge.dataset.below === step);
      edge.classList.toggle("reader", edge.dataset.above === step);
      edge.classList.toggle("aside", Boolean(far) && !(far.has(edge.dataset.above) && far.has(edge.dataset.below)));
    }
  }

  function neighbour(node, key) {
    const { step } = node.dataset;
    const next = { ArrowUp: above, ArrowDown: below }[key]?.get(step);
    if (next) return nearest(node, next.map((id) => nodeOf(svg, id)));
    const row = nodes.filter((other) => place(other)[1] === place(node)[1]).sort((one, other) => place(one)[0] - place(other)[0]);
    return row[row.indexOf(node) + (key === "ArrowRight" ? 1 : -1)];
  }

  for (const node of nodes) {
    const reads = above.get(node.dataset.step);
    node.setAttribute("role", "button");
    node.setAttribute("aria-pressed", "false");
    node.setAttribute("aria-label", `${node.dataset.step}, ${node.dataset.type}${reads.length ? `, reads ${reads.join(", ")}` : ""}`);
  }
  if (nodes.length) settle(nodes[0]);

  svg.addEventListener(
    "click",
    ({ target }) => {
      const node = target.closest("g.box");
      if (!node) return;
      choose(node);
      node.focus({ preventScroll: true });
    },
    { signal },
  );
  // The browser scrolls to what has the focus; here the drawing moves instead.
  frame.addEventListener("scroll", () => frame.scrollTo(0, 0), { signal });
  element.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !act(event)) return;
      event.preventDefault();
    },
    { signal },
  );

  function act({ key, target }) {
    if (key === "Escape" && chosen) return (close(), true);
    if (!frame.contains(target) || target.matches("input")) return false;
    if (key === "+" || key === "=") return (view.zoom(view.step), true);
    if (key === "-") return (view.zoom(1 / view.step), true);
    if (key === "0") return (view.fit(), true);
    const node = target.closest("g.box");
    if (node && (key === "Enter" || key === " ")) return (choose(node), true);
    if (node && key in ARROWS) return (visit(neighbour(node, key)), true);
    if (node && (key === "Home" || key === "End")) return (visit(nodes.at(key === "Home" ? 0 : -1)), true);
    if (target === frame && key in ARROWS) return (view.pan(...ARROWS[key].map((way) => way * view.pace)), true);
    return false;
  }
}

function place(node) {
  const box = node.querySelector("rect");
  return [Number(box.getAttribute("x")), Number(box.getAttribute("y"))];
}

function nearest(node, others) {
  const [x] = place(node);
  return others.filter(Boolean).sort((one, other) => Math.abs(place(one)[0] - x) - Math.abs(place(other)[0] - x))[0];
}

function tools(view) {
  const button = (label, text, click) => make("button", { type: "button", class: "square", "aria-label": label, title: label, click }, text);
  return make(
    "div",
    { class: "tools", role: "group", "aria-label": "Zoom" },
    button("Zoom in", "+", () => view.zoom(view.step)),
    button("Zoom out", "−", () => view.zoom(1 / view.step)),
    button("Fit all of it", "⤢", () => view.fit()),
  );
}
