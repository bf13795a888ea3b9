// Inputs in the form of a run: what is chosen with its picture, and a dialog to choose another.
import { call } from "../api.js";
import { make } from "../elements.js";
import { factsOf, nameOf, still } from "../picker/cards.js";
import { pick } from "../picker/dialog.js";

// `field` is the fieldset of one input. `changed()` is called when another medium stands in it.
export function input(field, signal, changed) {
  const { input: name, kinds } = field.dataset;
  const offered = field.querySelector(".offered");
  const select = offered.querySelector("select");
  const label = field.querySelector(".by-cid");
  const box = label.querySelector("input");
  const none = !select;
  if (!box.value && select?.value) box.value = select.value;
  // One field says what is chosen; without script there are two.
  offered.remove();
  const card = make("div", { class: "chosen" });
  const wrong = make("p", { class: "wrong", hidden: true, role: "alert" });
  const byHand = make("details", { class: "by-hand", open: none }, make("summary", {}, "By its CID"), label);
  label.firstChild.textContent = "its CID ";
  if (none) card.append(make("p", { class: "note" }, "You have none that fits yet."));
  field.append(card, wrong, byHand);
  let shown = null;

  async function choose() {
    const cid = await pick({ title: `Choose ${name}`, kinds: kinds.split(" "), signal });
    if (signal.aborted) return;
    card.querySelector("button")?.focus();
    if (cid) set(cid);
  }

  function set(cid) {
    box.value = cid;
    show();
    changed();
  }

  async function show() {
    const cid = box.value.trim();
    if (cid === shown) return;
    shown = cid;
    complain("");
    card.replaceChildren(...(cid ? [make("span", { class: "note" }, "…")] : []), ...buttons(cid));
    if (!cid) return;
    try {
      const entry = await call("GET", `/cache/${encodeURIComponent(cid)}`, { signal });
      if (cid !== shown) return;
      const words = make("span", { class: "words" }, make("a", { class: "block font-semibold", href: `/cache/${entry.cid}` }, nameOf(entry)), make("small", {}, factsOf(entry)));
      card.replaceChildren(still(entry, signal), words, ...buttons(cid));
      htmx.process(card);
    } catch (error) {
      if (error.name === "AbortError" || cid !== shown) return;
      card.replaceChildren(...buttons(cid));
      complain(error.message);
    }
  }

  function buttons(cid) {
    const clear = cid && !("required" in field.dataset) && make("button", { type: "button", click: () => set("") }, "Clear");
    return [make("button", { type: "button", class: "choose", click: choose }, cid ? "Choose another…" : `Choose ${name}…`), ...(clear ? [clear] : [])];
  }

  function complain(text) {
    wrong.textContent = text;
    wrong.hidden = !text;
    box.setAttribute("aria-invalid", String(Boolean(text)));
    if (text) byHand.open = true;
  }

  box.addEventListener("change", () => (show(), changed()), { signal });
  show();
  return { name, complain, value: () => box.value.trim(), missing: () => "required" in field.dataset && !box.value.trim(), reset: () => {} };
}
