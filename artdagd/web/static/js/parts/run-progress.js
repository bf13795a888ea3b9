// A run in a list, as far as it is now. Once it has ended the list is brought anew: its result is there.
import { ENDED, follow } from "../events.js";

const TOGETHER = 200; // milliseconds in which runs that end are shown together

let coming = 0;

export function mount(element, signal) {
  const [bar, status, said] = ["progress", "[data-status]", "[data-said]"].map((name) => element.querySelector(name));
  let over = false;

  function run(data) {
    status.textContent = data.status;
    status.className = `status ${data.status}`;
    if (!ENDED.includes(data.status)) return;
    over = true;
    refresh();
  }

  function progress({ done, total, fraction }) {
    bar.value = fraction;
    said.textContent = `${done} of ${total} steps`;
  }

  follow(`/api/run/${element.dataset.run}/events`, { run, progress }, signal, { ended: () => over, back: refresh });
}

function refresh() {
  clearTimeout(coming);
  coming = setTimeout(() => {
    if (document.getElementById("home")) htmx.ajax("GET", "/", { target: "#home", select: "#home", swap: "outerHTML" });
  }, TOGETHER);
}
