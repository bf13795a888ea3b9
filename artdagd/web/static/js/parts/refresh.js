// An element with an id that is brought anew every data-seconds, in place, while somebody can see it.
import { lost, signedOut } from "../connection.js";
import { patch } from "../patch.js";

export function mount(element, signal) {
  let asking = false;

  async function refresh() {
    if (asking || document.hidden) return;
    asking = true;
    try {
      const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" }, signal });
      if (answer.status === 401) signedOut();
      if (answer.ok) show(await answer.text());
    } catch (error) {
      if (error.name !== "AbortError") lost();
    } finally {
      asking = false;
    }
  }

  function show(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById(element.id);
    if (!fresh || signal.aborted) return;
    patch(element, document.adoptNode(fresh));
    htmx.process(element);
  }

  const timer = setInterval(refresh, Number(element.dataset.seconds) * 1000);
  signal.addEventListener("abort", () => clearInterval(timer));
  document.addEventListener("artdag:back", refresh, { signal });
  document.addEventListener("visibilitychange", refresh, { signal });
}
