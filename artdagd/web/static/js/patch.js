// Changes an element into what the node has sent anew, where it differs and nowhere else: focus, selection, scrolling and
// what is open stay. Children with data-key are the same ones wherever they stand; a form is left as it is.
export function patch(old, fresh) {
  if (!alike(old, fresh)) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.nodeName === "FORM") return;
  attributes(old, fresh);
  children(old, fresh);
}

function alike(one, other) {
  return one.nodeName === other.nodeName && key(one) === key(other);
}

function key(node) {
  return node.dataset?.key ?? "";
}

function attributes(old, fresh) {
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const name of old.getAttributeNames()) {
    if (!fresh.hasAttribute(name) && name !== "open" && name !== "style") old.removeAttribute(name);
  }
}

function children(old, fresh) {
  const known = new Map([...old.children].filter(key).map((child) => [key(child), child]));
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const same = key(child) ? known.get(key(child)) : at && !key(at) && alike(at, child) ? at : null;
    if (!same) old.insertBefore(child, at);
    else if (same === at) at = at.nextSibling;
    else old.insertBefore(same, at);
    if (same) patch(same, child);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}
