// What a run would do, as words: which steps are rendered already, and how long the others take.
import { make } from "../elements.js";
import { about } from "../words.js";

export function worded(plan) {
  const kept = cached(plan);
  const [done, all] = [kept.size, plan.steps.length];
  const passes = plan.passes.filter((pass) => !pass.cached).length;
  if (done === all) return [head("All of it is rendered already"), bar(done, all), make("p", {}, "The run ends at once with what is there.")];
  const left = [`${count(passes, "pass", "passes")} to render`, `${count(plan.levels.length, "level", "levels")} of steps`];
  const seconds = plan.estimate?.seconds;
  return [
    head(`${done} of ${count(all, "step is", "steps are")} already rendered`),
    bar(done, all),
    make("p", {}, `${left.join("; ")}.`),
    typeof seconds === "number" ? make("p", {}, `It takes about ${about(seconds)}, going by earlier runs.`) : "",
  ];
}

// Ids of the plan's steps that need not be computed: their result, or that of the pass they are in, exists.
export function cached(plan) {
  const passes = new Set(plan.passes.filter((pass) => pass.cached).flatMap((pass) => pass.steps));
  return new Set(plan.steps.filter((step) => step.cached || passes.has(step.step_id)).map((step) => step.step_id));
}

function head(text) {
  return make("p", { class: "m-0 text-lg font-semibold" }, text);
}

function bar(done, all) {
  return make("progress", { max: all, value: done, "aria-label": "Steps that are rendered already" });
}

function count(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}
