// The form of a run: what is chosen, with a plan of what it would do, and the address that says the same.
import { call } from "../api.js";
import { setState } from "../dag.js";
import { make } from "../elements.js";
import { input } from "../run-form/inputs.js";
import { param } from "../run-form/params.js";
import { cached, worded } from "../run-form/plan.js";

const PAUSE = 400;
const AGAIN = 3000;

export function mount(form, signal) {
  form.classList.add("live");
  const side = form.querySelector(".plan");
  const graph = document.querySelector(".explorer");
  let [timer, asked, ready] = [0, null, false];
  const inputs = [...form.querySelectorAll("[data-input]")].map((field) => input(field, signal, changed));
  const params = [...form.querySelectorAll("[data-param]")].map((place) => param(place, signal, changed));
  const every = [...inputs, ...params];
  if (params.length) form.querySelector(".run-side > p:last-child").append(" ", make("button", { type: "button", click: () => params.forEach((one) => one.reset()) }, "Reset the params"));
  side.hidden = false;
  side.setAttribute("role", "status");
  ready = true;
  signal.addEventListener("abort", () => (clearTimeout(timer), asked?.abort()));
  plan();

  function changed() {
    if (!ready) return;
    history.replaceState(history.state, "", address());
    clearTimeout(timer);
    timer = setTimeout(plan, PAUSE);
  }

  // A link to the form as it is filled in; params at their default are left out.
  function address() {
    const query = new URLSearchParams();
    for (const one of inputs) if (one.value()) query.set(`inputs.${one.name}`, one.value());
    for (const one of params) if (one.changed()) query.set(`params.${one.name}`, one.text());
    return location.pathname + (query.size ? `?${query}` : "");
  }

  async function plan() {
    asked?.abort();
    clearTimeout(timer);
    const missing = every.filter((one) => one.missing()).map(({ name }) => name);
    if (missing.length) return say(make("p", { class: "note m-0" }, `Choose ${missing.join(", ")} to see what there is to render.`));
    asked = new AbortController();
    if (!side.querySelector("progress")) say(make("p", { class: "note m-0" }, "Planning… Sound that is new here is analysed first."));
    side.setAttribute("aria-busy", "true");
    try {
      const body = { recipe: form.dataset.recipe, inputs: values(inputs), params: values(params) };
      told(await call("POST", "/api/plan", { json: body, signal: asked.signal }));
    } catch (error) {
      if (error.name !== "AbortError") refused(error);
    }
  }

  function values(fields) {
    return Object.fromEntries(fields.filter((one) => one.value() !== "").map((one) => [one.name, one.value()]));
  }

  function told(made) {
    every.forEach((one) => one.complain(""));
    say(...worded(made));
    paint(made);
  }

  function refused(problem) {
    if (problem.status === 503 || problem.status === 429) {
      say(make("p", { class: "note m-0" }, "What is chosen is being analysed. The plan comes when that is done."));
      timer = setTimeout(plan, AGAIN);
      return;
    }
    const placed = new Set();
    for (const { loc, msg } of problem.errors) {
      const [sort, name] = [loc.split(".")[0], loc.split(".").slice(1).join(".")];
      const one = (sort === "inputs" ? inputs : sort === "params" ? params : []).find((field) => field.name === name);
      one?.complain(msg);
      if (one) placed.add(msg);
    }
    const rest = problem.errors.filter(({ msg }) => !placed.has(msg)).map(({ loc, msg }) => `${loc}: ${msg}`);
    const lines = placed.size || rest.length ? rest : [problem.message, problem.advice].filter(Boolean);
    say(make("p", { class: "m-0 font-semibold text-bad" }, "It can't be run like this"), ...lines.map((line) => make("p", {}, line)), ...(lines.length ? [] : [make("p", {}, "The fields say why.")]));
    paint(null);
  }

  function say(...children) {
    side.removeAttribute("aria-busy");
    side.replaceChildren(...children);
  }

  // In the drawing of the recipe a step is cached when all that became of it is.
  function paint(made) {
    if (!graph) return;
    const kept = made ? cached(made) : new Set();
    const parts = new Map();
    for (const { step_id, recipe_step } of made?.steps ?? []) parts.set(recipe_step, [...(parts.get(recipe_step) ?? []), step_id]);
    for (const { dataset } of graph.querySelectorAll("g.box:not(.given)")) {
      const ids = parts.get(dataset.step);
      setState(graph, dataset.step, ids?.every((id) => kept.has(id)) ? "cached" : "");
    }
  }
}
