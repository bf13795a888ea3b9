// A page's pieces brought up to date in place: what stands in its forms, what plays and where one is stay as they are.
import { signedOut } from "./connection.js";

// The page at `address` as a document. Throws where there is none; a TypeError where the node is not reached.
export async function fetched(address, signal) {
  const answer = await fetch(address, { signal, headers: { Accept: "text/html" } });
  if (answer.status === 401) signedOut();
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// Puts those elements of `page` that `ids` name in the place of ours; one that has not changed stays.
export function replace(page, ids) {
  for (const id of ids) {
    const [old, made] = [document.getElementById(id), page.getElementById(id)];
    if (!old || !made || old.isEqualNode(made)) continue;
    htmx.swap(old, made.outerHTML, { swapStyle: "outerHTML" });
  }
}
