// An element with an id that is brought anew every data-seconds, in place, while somebody can see it.
import { lost } from "../connection.js";
import { patch } from "../patch.js";
import { fetched } from "../pieces.js";

export function mount(element, signal) {
  let asking = false;

  async function refresh() {
    if (asking || document.hidden) return;
    asking = true;
    try {
      show(await fetched(location.pathname + location.search, signal));
    } catch (error) {
      if (error instanceof TypeError) lost();
    } finally {
      asking = false;
    }
  }

  function show(page) {
    const fresh = page.getElementById(element.id);
    if (!fresh || signal.aborted) return;
    patch(element, document.adoptNode(fresh));
    htmx.process(element);
  }

  const timer = setInterval(refresh, Number(element.dataset.seconds) * 1000);
  signal.addEventListener("abort", () => clearInterval(timer));
  document.addEventListener("artdag:back", refresh, { signal });
  document.addEventListener("visibilitychange", refresh, { signal });
}
