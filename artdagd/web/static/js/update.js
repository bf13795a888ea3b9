// An element of the page made as the node says it is now, where that differs and nowhere else: what plays, is typed,
// chosen, opened or has the focus stays. Children with data-key or an id are the same ones wherever they stand. A form
// stays as it is while it sends to the same place, a part while its data-* are the same, and what has data-own always.
import { signedOut } from "./connection.js";

const THEIRS = ["open", "style", "hx-boost"]; // attributes that the reader changes, or a script

// The page at `address` as a document. Throws where there is none; a TypeError where the node is not reached.
export async function fetched(address, signal) {
  const answer = await fetch(address, { signal, headers: { Accept: "text/html" } });
  if (answer.status === 401) signedOut();
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// `fresh` is of a page that was fetched, which loses it.
export function update(old, fresh) {
  if (old.dataset.part === fresh.dataset.part) change(old, fresh);
  else old.replaceWith(fresh);
  htmx.process(old.isConnected ? old : fresh);
}

function change(old, fresh) {
  for (const { name, value } of fresh.attributes) {
    if (!THEIRS.includes(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const name of old.getAttributeNames()) {
    if (!THEIRS.includes(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  const keys = new Set([...fresh.children].map(key));
  for (const child of [...old.children]) {
    if (key(child) && !keys.has(key(child))) child.remove();
  }
  children(old, [...fresh.childNodes]);
}

function children(old, fresh) {
  const known = new Map([...old.children].filter(key).map((child) => [key(child), child]));
  let at = old.firstChild;
  for (const child of fresh) {
    const found = key(child) ? known.get(key(child)) : at && !key(at) ? at : null;
    const same = found && alike(found, child) ? found : null;
    if (same === at && at) at = at.nextSibling;
    else old.insertBefore(same ?? child, at);
    if (same) patch(same, child);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function patch(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
  } else if (!old.matches("form, [data-part], [data-own]")) change(old, fresh);
}

function alike(one, other) {
  if (one.nodeName !== other.nodeName || one.dataset?.part !== other.dataset?.part) return false;
  if (one.nodeName === "FORM") return one.getAttribute("action") === other.getAttribute("action");
  return one.dataset?.part === undefined || Object.entries(other.dataset).every(([name, value]) => one.dataset[name] === value);
}

function key(node) {
  return node.dataset?.key || node.getAttribute?.("id") || "";
}
