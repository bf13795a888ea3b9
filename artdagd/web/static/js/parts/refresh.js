// An element with an id that is brought anew every data-seconds, in place, while somebody can see it.
import { lost } from "../connection.js";
import { fetched, update } from "../update.js";

export function mount(element, signal) {
  let asking = false;

  async function refresh() {
    if (asking || document.hidden) return;
    asking = true;
    const page = await fetched(location.pathname + location.search, signal).catch((error) => {
      if (error instanceof TypeError) lost();
      return null;
    });
    asking = false;
    const fresh = page?.getElementById(element.id);
    if (fresh && !signal.aborted) update(element, fresh);
  }

  const timer = setInterval(refresh, Number(element.dataset.seconds) * 1000);
  signal.addEventListener("abort", () => clearInterval(timer));
  document.addEventListener("artdag:back", refresh, { signal });
  document.addEventListener("visibilitychange", refresh, { signal });
}
