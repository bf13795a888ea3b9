// The steps of a run on its page: rows of the list and boxes of the drawing, changed in place.

import { setState } from "./dag.js";

const DONE = ["completed", "cached", "fused"];

const touched = new WeakSet(); // levels that the reader has opened or folded

export class Steps {
  #places = new Map(); // id -> elements
  #root;

  constructor(root) {
    this.#root = root;
    this.find();
    root.addEventListener("click", ({ target }) => {
      const details = target.closest("summary")?.parentElement;
      if (details) touched.add(details);
    });
  }

  // The drawing is a part of its own: its states, of a page that was fetched.
  draw(page) {
    for (const { dataset } of page.querySelectorAll("g[data-state]")) setState(this.#root, dataset.step, dataset.state);
  }

  // Again after the server has drawn them.
  find() {
    this.#places.clear();
    for (const place of this.#root.querySelectorAll("li[data-step], g[data-step]")) {
      const { step } = place.dataset;
      if (!this.#places.has(step)) this.#places.set(step, []);
      this.#places.get(step).push(place);
    }
    this.#root.querySelectorAll("details.level").forEach(level);
  }

  state(id) {
    return this.#places.get(id)?.find((place) => place.dataset.state)?.dataset.state;
  }

  set({ step_id: id, status, worker, error }) {
    const before = this.state(id);
    for (const place of this.#places.get(id) ?? []) {
      place.dataset.state = status;
      if (place.matches("li")) row(place, status, worker, error);
      else setState(this.#root, id, status);
    }
    this.#count(before, -1);
    this.#count(status, 1);
  }

  progress(id, share) {
    for (const place of this.#places.get(id) ?? []) {
      if (place.matches("li")) place.querySelector("progress").value = share;
      else setState(this.#root, id, this.state(id), share);
    }
  }

  #count(status, by) {
    const line = this.#root.querySelector(`[data-count-of="${status}"]`);
    if (line) {
      const count = Number(line.lastChild.textContent) + by;
      line.lastChild.textContent = ` ${count}`;
      line.hidden = count <= 0;
    } else if (by > 0) {
      const list = this.#root.querySelector(".tally");
      const model = list?.firstElementChild?.cloneNode(true);
      if (!model) return;
      model.dataset.countOf = status;
      model.hidden = false;
      model.firstElementChild.className = `status ${status}`;
      model.firstElementChild.textContent = status;
      model.lastChild.textContent = " 1";
      list.append(model);
    }
  }
}

function row(place, status, worker, error) {
  const pill = place.querySelector(".status");
  pill.className = `status ${status}`;
  pill.textContent = status;
  place.querySelector("progress").hidden = status !== "running";
  if (worker) place.querySelector(".worker").textContent = `on ${worker}`;
  const failure = place.querySelector(".failure");
  failure.textContent = error ?? "";
  failure.hidden = !error;
  level(place.closest("details.level"));
}

// A level that is finished folds, unless the reader has opened or folded it.
function level(details) {
  if (!details) return;
  const steps = [...details.querySelectorAll("li[data-step]")];
  const done = steps.filter((step) => DONE.includes(step.dataset.state)).length;
  details.querySelector(".level-done").textContent = done;
  if (touched.has(details) || details.contains(document.activeElement)) return;
  details.open = steps.some((step) => ["running", "ready", "failed"].includes(step.dataset.state));
}
