// A piece of a page, named by its id, that is brought up to date every data-seconds for as long as the node says so.
import { fetched, update } from "../update.js";

const TIMES = 200;

export function mount(element, signal) {
  let left = TIMES;
  const again = () => setTimeout(look, Number(element.dataset.seconds) * 1000);
  async function look() {
    if (signal.aborted || (left -= 1) < 0) return;
    try {
      const page = await fetched(location.pathname, signal);
      update(element, page.getElementById(element.id));
    } catch {
      // The node is away: it is asked again.
    }
    if (!signal.aborted) timer = again();
  }
  let timer = again();
  signal.addEventListener("abort", () => clearTimeout(timer));
}
