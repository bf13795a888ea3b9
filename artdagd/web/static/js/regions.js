// Regions of a page are elements with data-region and an id. They are drawn by the server alone: brought anew, those of
// which it says something else than before are replaced, and all others (a video that plays, a form) are left alone.
// Of those with data-region="states" it does not count what data-state says: that is for who follows it to change.
import { fetched } from "./pieces.js";

// Gives refresh(signal): brings the page at this address anew, and resolves to it, parsed.
export function regions(root) {
  const known = new Map();
  for (const region of root.querySelectorAll("[data-region]")) known.set(region.id, written(region));

  return async function refresh(signal) {
    const page = await fetched(location.pathname + location.search, signal);
    if (signal.aborted) throw new DOMException("gone", "AbortError");
    for (const fresh of page.querySelectorAll("[data-region]")) {
      const html = written(fresh);
      const here = document.getElementById(fresh.id);
      if (!here || !root.contains(here) || known.get(fresh.id) === html) continue;
      known.set(fresh.id, html);
      replace(here, fresh);
    }
    return page;
  };
}

// In the place of `here`; what was opened or folded there stays so, and what had the focus keeps it.
export function replace(here, fresh) {
  for (const details of here.querySelectorAll("details[id]")) {
    const other = fresh.querySelector(`#${CSS.escape(details.id)}`);
    if (other && details.dataset.touched !== undefined) {
      other.open = details.open;
      other.dataset.touched = "";
    }
  }
  htmx.swap(here, fresh.outerHTML, { swapStyle: "outerHTML" });
}

// As the server wrote it: our script marks links that are not the page's to follow.
function written(region) {
  const copy = region.cloneNode(true);
  for (const one of copy.querySelectorAll("[hx-boost]")) one.removeAttribute("hx-boost");
  if (region.dataset.region === "states") {
    for (const one of copy.querySelectorAll("[data-state]")) one.removeAttribute("data-state");
  }
  return copy.outerHTML;
}
