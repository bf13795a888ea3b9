// What was written and is not saved: kept over a reload, and asked about before one leaves.
const ASKED = "What you have written is not saved. Leave it?";

// `dirty()` says whether there is something to lose; `form` is where it is written.
export function draft(form, text, dirty, signal) {
  const key = `draft ${location.pathname}`;
  addEventListener("beforeunload", (event) => dirty() && event.preventDefault(), { signal });
  document.addEventListener(
    "htmx:confirm",
    (event) => {
      const { elt, verb } = event.detail;
      if (!dirty() || verb !== "get" || form.contains(elt)) return;
      if (!confirm(ASKED)) event.preventDefault();
    },
    { signal },
  );
  return {
    found: () => sessionStorage.getItem(key),
    keep() {
      try {
        if (dirty()) sessionStorage.setItem(key, text());
        else sessionStorage.removeItem(key);
      } catch {
        // The store is full or forbidden: then a reload asks.
      }
    },
    drop: () => sessionStorage.removeItem(key),
  };
}
