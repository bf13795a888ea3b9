// Loads the page again after data-seconds, or as data-address says, where the page has no better way to follow what it shows.
export function mount(element, signal) {
  const address = element.dataset.address || location.pathname + location.search;
  const timer = setTimeout(() => {
    htmx.ajax("GET", address, { target: "#page", select: "#page", swap: "outerHTML" });
  }, Number(element.dataset.seconds) * 1000);
  signal.addEventListener("abort", () => clearTimeout(timer));
}
