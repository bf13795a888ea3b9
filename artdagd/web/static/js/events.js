// Server-sent events of the node, for as long as a part is on the page.
import { lost as unreachable } from "./connection.js";

export const ENDED = ["completed", "failed", "cancelled"]; // states of a run after which it tells nothing more
const FIRST = 1000; // milliseconds before a stream that was refused is opened again; each pause is twice the one before
const LONGEST = 30000;

// `handlers` maps names of events to functions of their data, decoded; `lost` and `back` tell of the connection.
// A stream that the node ended is not opened again once `ended()` says so; one that it refused is, when the node is back.
export function follow(path, handlers, signal, { lost = () => {}, back = () => {}, ended = () => false } = {}) {
  let source;
  let away = false;
  let pause = FIRST;

  function open() {
    if (signal.aborted || ended()) return;
    source = new EventSource(path);
    source.addEventListener("open", () => {
      if (away) back();
      away = false;
      pause = FIRST;
    });
    source.addEventListener("error", failed);
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => event.data && handle(JSON.parse(event.data)));
    }
  }

  function failed() {
    if (ended()) {
      source.close();
      return;
    }
    if (!away) lost();
    away = true;
    if (source.readyState === EventSource.CLOSED) {
      document.addEventListener("artdag:back", () => setTimeout(open, pause), { once: true, signal });
      pause = Math.min(2 * pause, LONGEST);
    }
    unreachable();
  }

  open();
  signal.addEventListener("abort", () => source?.close());
}
