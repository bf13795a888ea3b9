// Server-sent events of the node, for as long as a part is on the page.

// `handlers` maps names of events to functions of their data, decoded; `lost` and `back` tell of the connection.
// A stream that the node ended is not opened again once `ended()` says so.
export function follow(path, handlers, signal, { lost = () => {}, back = () => {}, ended = () => false } = {}) {
  const source = new EventSource(path);
  let away = false;
  source.addEventListener("open", () => {
    if (away) back();
    away = false;
  });
  source.addEventListener("error", () => {
    if (ended()) source.close();
    else if (!away) {
      away = true;
      lost();
    }
  });
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => event.data && handle(JSON.parse(event.data)));
  }
  signal.addEventListener("abort", () => source.close());
  return source;
}
