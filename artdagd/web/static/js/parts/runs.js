// The list of runs: active ones are kept up to date with one look at the list, and two can be chosen to be compared.
import { call } from "../api.js";
import { shown } from "../problems.js";
import { toast } from "../toasts.js";
import { fetched, update } from "../update.js";

const PAUSE = 2000;
const HIDDEN = 20000;

export function mount(element, signal) {
  let timer = null;

  const later = () => {
    clearTimeout(timer);
    if (element.dataset.live !== undefined) timer = setTimeout(look, document.hidden ? HIDDEN : PAUSE);
  };
  const look = async () => {
    const page = await fetched(location.pathname + location.search, signal).catch(() => null); // it is asked again
    if (signal.aborted) return;
    try {
      if (page) show(page);
    } finally {
      later();
    }
  };
  const show = (page) => {
    const pairs = [["#runs-states", document.getElementById("runs-states")], ["[data-part=runs]", element]];
    for (const [place, old] of pairs) {
      const fresh = page.querySelector(place);
      if (old && fresh) update(old, fresh);
    }
    choice(element);
  };

  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    try {
      await call("POST", event.target.getAttribute("action"), { json: {} });
    } catch (problem) {
      toast(shown(problem).textContent, { kind: "bad" });
    }
    look();
  }, { signal, capture: true });
  element.addEventListener("change", ({ target }) => choice(element, target), { signal });
  document.addEventListener("visibilitychange", () => !document.hidden && element.dataset.live !== undefined && look(), { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  chosen.clear();
  choice(element);
  later();
}

const chosen = new Set();

// Two at most: the one that was chosen first makes room. The newer of both is compared with the older.
function choice(element, changed) {
  if (changed?.checked) chosen.add(changed.value);
  else if (changed) chosen.delete(changed.value);
  while (chosen.size > 2) chosen.delete(chosen.values().next().value);
  const picks = [...element.querySelectorAll(".pick")];
  for (const pick of picks) {
    pick.hidden = false;
    pick.firstElementChild.checked = chosen.has(pick.firstElementChild.value);
  }
  const bar = element.querySelector(".choice");
  if (!bar) return;
  bar.hidden = picks.length < 2;
  const [now, before] = picks.map((pick) => pick.firstElementChild.value).filter((id) => chosen.has(id));
  const link = bar.querySelector("a");
  if (before) link.href = `/run/${now}/compare?against=${before}`;
  else link.removeAttribute("href");
  link.setAttribute("aria-disabled", String(!before));
  bar.querySelector("span").textContent = before ? "" : now ? "Choose one more." : "Choose two runs to compare.";
}
