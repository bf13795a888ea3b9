// A medium's title, description, tags and metadata, changed in place: what plays goes on playing.
import { call } from "../api.js";
import { make } from "../elements.js";
import { shown } from "../problems.js";
import { toast } from "../toasts.js";
import { fetched, update } from "../update.js";

export function mount(element, signal) {
  const form = element.querySelector("form");
  const field = form.elements.tags;
  const chips = new Chips(field.value.split(",").map((tag) => tag.trim()).filter(Boolean));
  field.closest("label").replaceWith(chips.element);
  const rows = new Rows();
  form.querySelector("button.primary").closest("p").before(rows.element);
  let loaded = null;
  const path = `/cache/${element.dataset.cid}/meta`;
  const load = () => (loaded ??= call("GET", path, { signal }).then(({ metadata }) => rows.fill(metadata)));
  element.addEventListener("toggle", () => element.open && load().catch(() => (loaded = null)), { signal });
  document.addEventListener("click", ({ target }) => {
    if (target.closest?.('a[href="#describe"]')) element.open = true;
  }, { signal });
  // Before htmx, which would send the form and bring a whole page.
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    form.querySelector(".problem")?.remove();
    chips.take();
    const button = form.querySelector("button.primary");
    button.disabled = true;
    try {
      await load();
      const [title, description] = [form.elements.title.value, form.elements.description.value];
      await call("PATCH", path, { json: { title, description, tags: chips.tags, metadata: rows.values() }, signal });
      const page = await fetched(location.pathname, signal);
      for (const id of ["called", "about", "publication"]) {
        const fresh = page.getElementById(id);
        if (fresh) update(document.getElementById(id), fresh);
      }
      document.title = page.title;
      element.open = false;
      element.querySelector("summary").focus();
      toast("Saved.", { kind: "good" });
    } catch (error) {
      if (signal.aborted) return;
      const box = shown(error.errors ? error : { title: "Not saved", message: error.message, advice: "", errors: [] });
      form.append(box);
      box.focus();
    } finally {
      button.disabled = false;
    }
  }, { signal, capture: true });
}

// Tags as chips: Enter or a comma ends one, Backspace before the first letter takes the last away.
class Chips {
  constructor(tags) {
    this.tags = tags;
    this.list = make("ul", { class: "chips" });
    this.input = make("input", { id: "new-tag", maxlength: 100, autocomplete: "off", keydown: (event) => this.key(event), input: () => this.input.value.includes(",") && this.take(), blur: () => this.take() });
    const label = make("label", { for: "new-tag" }, "Tags ", make("span", { class: "note" }, "Enter adds one"));
    this.element = make("div", { class: "tags" }, label, this.list, this.input);
    this.draw();
  }

  key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && this.input.value.trim()) {
      event.preventDefault();
      this.take();
    } else if (event.key === "Backspace" && !this.input.value && this.tags.length) {
      this.tags.pop();
      this.draw();
    }
  }

  take() {
    const added = this.input.value.split(",").map((tag) => tag.trim()).filter(Boolean);
    this.input.value = "";
    this.tags = [...new Set([...this.tags, ...added])];
    this.draw();
  }

  draw() {
    const chip = (tag) => {
      const away = () => {
        this.tags = this.tags.filter((one) => one !== tag);
        this.draw();
        this.input.focus();
      };
      return make("li", {}, tag, " ", make("button", { type: "button", class: "plain", "aria-label": `Remove the tag ${tag}`, click: away }, "✕"));
    };
    this.list.replaceChildren(...this.tags.map(chip));
  }
}

// The free-form metadata as names and values. What is not text is written as JSON, and stays what it is.
class Rows {
  constructor() {
    this.list = make("div", { class: "grid gap-2" });
    const more = make("button", { type: "button", click: () => this.add("", "").focus() }, "Add a row");
    this.element = make("fieldset", {}, make("legend", {}, "Metadata ", make("span", { class: "note" }, "yours alone")), this.list, make("p", {}, more));
  }

  fill(metadata) {
    for (const [name, value] of Object.entries(metadata)) this.add(name, value);
  }

  add(name, value) {
    const field = (said, text) => make("input", { "aria-label": said, placeholder: said.toLowerCase(), value: text, maxlength: 20000 });
    const [key, text] = [field("Name", name), field("Value", typeof value === "string" ? value : JSON.stringify(value))];
    const away = make("button", { type: "button", class: "plain", "aria-label": `Remove ${name || "this row"}`, click: () => row.remove() }, "✕");
    const row = make("div", { class: "pair" }, key, text, away);
    row.value = () => [key.value.trim(), typeof value === "string" ? text.value : decoded(text.value)];
    this.list.append(row);
    return key;
  }

  values() {
    return Object.fromEntries([...this.list.children].map((row) => row.value()).filter(([name]) => name));
  }
}

function decoded(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
