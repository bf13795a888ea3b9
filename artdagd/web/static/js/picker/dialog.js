// A dialog in which one medium is chosen: those that fit, with a search, and upload right there.
import { call } from "../api.js";
import { make } from "../elements.js";
import { shown } from "../problems.js";
import { sent } from "../uploads/sending.js";
import { factsOf, kindOf, nameOf, still } from "./cards.js";

const EACH = 24;
const PAUSE = 250;
const ACCEPT = { video: "video/*", audio: "audio/*", image: "image/*", text: "text/*", data: ".json,.cube,.srt,.csv" };

// Resolves to the CID that is chosen, or to null. `kinds` are what fits.
export function pick({ title, kinds, signal }) {
  return new Promise((done) => {
    const life = new AbortController();
    const list = make("ul", { class: "cards" });
    const state = make("p", { class: "note", role: "status" });
    const more = make("button", { type: "button", hidden: true, click: () => load(false) }, "Show more");
    const words = make("input", { type: "search", maxlength: 200, placeholder: "Name, title or tag", "aria-label": "Search your media" });
    const kind = make("select", { "aria-label": "Kind" }, make("option", { value: "" }, "all that fit"), ...kinds.map((one) => make("option", {}, one)));
    const file = make("input", { type: "file", accept: kinds.map((one) => ACCEPT[one]).join(","), "aria-label": "Upload a file" });
    const close = make("button", { type: "button", class: "square", "aria-label": "Close", click: () => dialog.close() }, "✕");
    const dialog = make(
      "dialog",
      { class: "picker", "aria-label": title },
      make("div", { class: "flex items-center gap-3" }, make("p", { class: "m-0 flex-1 text-lg font-bold" }, title), close),
      make("div", { class: "my-3 flex flex-wrap gap-2" }, words, kinds.length > 1 ? kind : null),
      state,
      list,
      more,
      make("label", { class: "drop" }, make("span", {}, "Upload another, or drop it here"), file),
    );
    let [page, timer, chosen, asked] = [1, 0, null, null];

    function choose(cid) {
      chosen = cid;
      dialog.close();
    }

    async function load(anew) {
      asked?.abort();
      asked = new AbortController();
      page = anew ? 1 : page + 1;
      state.textContent = "Looking…";
      try {
        const { items, has_more } = await found({ kinds: kind.value ? [kind.value] : kinds, q: words.value, page, signal: asked.signal });
        if (anew) list.replaceChildren();
        list.append(...items.map(card));
        more.hidden = !has_more;
        state.textContent = list.children.length ? "" : words.value ? "Nothing is found." : "You have none that fits yet. Upload one below.";
      } catch (error) {
        if (error.name !== "AbortError") state.replaceChildren(shown(error));
      }
    }

    function card(entry) {
      const button = make("button", { type: "button", class: "offer", click: () => choose(entry.cid) }, still(entry, life.signal), make("b", {}, nameOf(entry)), make("small", {}, factsOf(entry)));
      return make("li", {}, button);
    }

    async function upload(one) {
      const bar = make("progress", { max: 1, value: 0, "aria-label": `Upload of ${one.name}` });
      state.replaceChildren(`Uploading ${one.name} `, bar);
      try {
        choose((await sent(one, { signal: life.signal, progress: (part) => (bar.value = part) })).cid);
      } catch (error) {
        state.replaceChildren(shown(error));
      }
    }

    words.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(load, PAUSE, true);
    });
    kind.addEventListener("change", () => load(true));
    file.addEventListener("change", () => file.files[0] && upload(file.files[0]));
    list.addEventListener("keydown", (event) => move(event, list));
    dialog.addEventListener("dragover", (event) => event.preventDefault());
    dialog.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files[0]) upload(event.dataTransfer.files[0]);
    });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => {
      life.abort();
      asked?.abort();
      clearTimeout(timer);
      dialog.remove();
      done(chosen);
    });
    signal.addEventListener("abort", () => dialog.close(), { signal: life.signal });
    document.body.append(dialog);
    dialog.showModal();
    load(true);
  });
}

// Media of several kinds, newest first. What no worker has looked at yet counts as what its first bytes say.
async function found({ kinds, q, page, signal }) {
  const asked = [...kinds, "other"].map((kind) => {
    const query = new URLSearchParams({ kind: ["text"].includes(kind) ? "other" : kind, q, page, limit: EACH });
    return call("GET", `/media?${query}`, { signal });
  });
  const pages = await Promise.all(asked);
  const all = new Map(pages.flatMap(({ items }) => items).map((entry) => [entry.cid, entry]));
  const items = [...all.values()].filter((entry) => kinds.includes(kindOf(entry)));
  items.sort((one, other) => (one.created_at < other.created_at ? 1 : -1));
  return { items, has_more: pages.some(({ has_more }) => has_more) };
}

// Arrow keys go from card to card.
function move(event, list) {
  const buttons = [...list.querySelectorAll("button")];
  const at = buttons.indexOf(document.activeElement);
  if (at < 0) return;
  const across = buttons.filter(({ offsetTop }) => offsetTop === buttons[0].offsetTop).length || 1;
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[event.key];
  if (!by || !buttons[at + by]) return;
  event.preventDefault();
  buttons[at + by].focus();
}
