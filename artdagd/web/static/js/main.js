// Every page: parts are brought to life, links and forms change the page in place, and errors are shown where they belong.
import "./connection.js";
import { mark, told } from "./problems.js";
import { toast } from "./toasts.js";

// A part is an element with data-part="name"; parts/name.js exports mount(element, signal), and may return a promise.
// The signal is aborted when the element leaves the page: listeners and requests are given it.
const mounted = new Map();

async function mount(element) {
  const name = element.dataset.part;
  if (mounted.has(element) || !/^[a-z-]+$/.test(name)) return;
  const life = new AbortController();
  mounted.set(element, life);
  try {
    const part = await import(`./parts/${name}.js`);
    if (!life.signal.aborted) await part.mount(element, life.signal);
  } catch (error) {
    if (life.signal.aborted) return;
    console.error(error);
    toast("A part of this page could not be loaded.", { kind: "bad" });
  }
}

function unmount(element) {
  mounted.get(element)?.abort();
  mounted.delete(element);
}

function partsOf(nodes) {
  return [...nodes].filter((node) => node.nodeType === Node.ELEMENT_NODE).flatMap((node) => [...(node.matches("[data-part]") ? [node] : []), ...node.querySelectorAll("[data-part]")]);
}

function changed(changes) {
  for (const { addedNodes, removedNodes } of changes) {
    for (const part of partsOf(removedNodes)) if (!part.isConnected) unmount(part);
    for (const part of partsOf(addedNodes)) if (part.isConnected) mount(part);
  }
}

// After htmx, which begins then, too.
document.addEventListener("DOMContentLoaded", () => {
  new MutationObserver(changed).observe(document.body, { childList: true, subtree: true });
  partsOf([document.body]).forEach(mount);
});

// What is no page of ours is the browser's to load.
const NO_PAGE = /^\/(api|static|ipfs|download)\/|^\/(openapi\.json|metrics|auth\/start)|^\/cache\/[^/]+\/(raw|mp4|poster|waveform)/;

document.addEventListener("htmx:beforeProcessNode", ({ target }) => {
  if (target.matches?.("a[href]") && (target.hasAttribute("download") || NO_PAGE.test(target.pathname))) {
    target.setAttribute("hx-boost", "false");
  }
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { xhr, requestConfig } = detail;
  const html = (xhr.getResponseHeader("Content-Type") ?? "").startsWith("text/html");
  if (requestConfig.verb === "get" && !html) {
    detail.shouldSwap = false;
    location.assign(requestConfig.path);
  } else if (xhr.status >= 400 && requestConfig.verb !== "get") {
    // The form keeps what was filled in.
    detail.shouldSwap = false;
    refused(requestConfig.elt, xhr);
  }
});

function refused(element, xhr) {
  const form = element.closest("form");
  const problem = told(xhr);
  if (!form || !form.isConnected || form.classList.contains("contents")) {
    toast(problem.textContent, { kind: "bad" });
    return;
  }
  form.querySelector(":scope > .problem")?.remove();
  form.append(problem);
  mark(form, xhr);
  problem.focus();
}

document.addEventListener("htmx:sendError", ({ detail }) => {
  if (detail.requestConfig.verb === "get") return;
  toast("The node can’t be reached: what you filled in was not sent. It is still here; send it when the node is back.", { kind: "bad" });
});
document.addEventListener("htmx:historyCacheMissLoadError", () => location.reload());

// A screen reader hears which page it is on now, and the keyboard begins at its top.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.elt?.id !== "page" || !detail.requestConfig?.boosted) return;
  addressed(detail.pathInfo.responsePath);
  document.getElementById("said").textContent = document.title;
  const place = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (place) place.scrollIntoView();
  else document.getElementById("main").focus({ preventScroll: true });
  showPlace();
});

// htmx forgets that a page has an address when the link to it is drawn anew while the page comes.
function addressed(path) {
  if (!path || new URL(path, location).pathname === location.pathname) return;
  history.replaceState({ htmx: true }, "");
  history.pushState({ htmx: true }, "", path);
}

// On a phone the row of places is wider than the screen.
function showPlace() {
  const row = document.querySelector(".places");
  const place = row?.querySelector("[aria-current]");
  if (place) row.scrollLeft = place.offsetLeft - (row.clientWidth - place.offsetWidth) / 2;
}
showPlace();
