// Several media of the list at once: chosen, then tagged or deleted. What deleting each means is said before.
import { call } from "../api.js";
import { make } from "../elements.js";
import { toast } from "../toasts.js";
import { fetched } from "../update.js";

const AT_ONCE = 3;

export function mount(element, signal) {
  new Choice(element, document.querySelector("[data-part=gallery]"), signal);
}

class Choice {
  constructor(element, gallery, signal) {
    Object.assign(this, { element, gallery, signal, on: false });
    const button = (label, run, kind = "") => make("button", { type: "button", class: kind, click: run }, label);
    this.start = button("Select several", () => this.turn(true));
    this.told = make("b", { role: "status" });
    this.tags = make("form", { class: "contents", submit: (event) => this.tag(event) }, make("input", { name: "tag", placeholder: "a tag", "aria-label": "Tag for what is selected", maxlength: 100, class: "w-36" }), make("button", {}, "Add the tag"));
    this.remove = button("Delete…", () => this.ask(), "danger");
    this.done = button("Done", () => this.turn(false));
    this.asked = make("div", { class: "asked", hidden: true });
    this.bar = make("div", { class: "picking", hidden: true }, make("div", { class: "row" }, this.told, this.tags, this.remove, this.done), this.asked);
    element.append(this.start, this.bar);
    const listen = (target, name, run, capture = false) => target.addEventListener(name, run, { signal, capture });
    listen(gallery, "click", (event) => this.click(event), true);
    listen(gallery, "change", () => this.count());
    listen(gallery, "htmx:afterSettle", () => this.on && this.dress());
    listen(document, "keydown", (event) => event.key === "Escape" && this.on && this.turn(false));
  }

  get boxes() {
    return [...this.gallery.querySelectorAll(".cards .tick")];
  }

  get chosen() {
    return this.boxes.filter(({ checked }) => checked).map((box) => box.closest("li"));
  }

  turn(on) {
    this.on = on;
    this.start.hidden = on;
    this.bar.hidden = !on;
    this.asked.hidden = true;
    if (on) this.dress();
    else this.boxes.forEach((box) => box.remove());
    (on ? this.done : this.start).focus();
  }

  dress() {
    for (const card of this.gallery.querySelectorAll(".cards > li")) {
      if (!card.querySelector(".tick")) card.prepend(make("input", { type: "checkbox", class: "tick", "aria-label": `Select ${named(card)}` }));
    }
    this.count();
  }

  // In this mode a card is not a link: it is chosen.
  click(event) {
    const card = this.on && event.target.closest(".cards > li");
    if (!card || event.target.matches(".tick")) return;
    event.preventDefault();
    event.stopPropagation();
    const box = card.querySelector(".tick");
    box.checked = !box.checked;
    this.count();
  }

  count() {
    const many = this.chosen.length;
    this.told.textContent = many ? `${many} selected` : "Select what you mean";
    this.remove.disabled = this.tags.lastElementChild.disabled = !many;
    this.asked.hidden = true;
  }

  async tag(event) {
    event.preventDefault();
    const tag = this.tags.elements.tag.value.trim();
    if (!tag) return;
    await this.each(async (card) => {
      const path = `/cache/${card.dataset.cid}/meta`;
      const { tags } = await call("GET", path);
      if (!tags.includes(tag)) await call("PATCH", path, { json: { tags: [...tags, tag] } });
    }, (done) => `${done} tagged with “${tag}”.`);
  }

  // What each page says of deleting, in its words.
  async ask() {
    const cards = this.chosen;
    const lines = await Promise.all(cards.map(async (card) => {
      try {
        const page = await fetched(`/cache/${card.dataset.cid}`, this.signal);
        const said = [...page.querySelectorAll("#remove [data-fact]")].map((line) => line.textContent.trim().replace(/\s+/g, " "));
        return make("li", {}, make("b", {}, named(card)), `: ${said.join(" ")}`);
      } catch {
        return make("li", {}, make("b", {}, named(card)), ": it is not there any more.");
      }
    }));
    const go = make("button", { type: "button", class: "danger", click: () => this.delete() }, `Delete ${cards.length}`);
    this.asked.replaceChildren(make("ul", {}, ...lines), go);
    this.asked.hidden = false;
    go.focus();
  }

  async delete() {
    this.asked.hidden = true;
    await this.each(async (card) => {
      await call("DELETE", `/cache/${card.dataset.cid}`);
      card.remove();
    }, (done) => `${done} deleted.`);
    this.count();
  }

  async each(work, words) {
    const [waiting, refused] = [this.chosen, []];
    const all = waiting.length;
    this.bar.inert = true;
    const lane = async () => {
      for (let card = waiting.shift(); card; card = waiting.shift()) {
        await work(card).catch((error) => refused.push(`${named(card)}: ${error.message}`));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    this.bar.inert = false;
    if (all > refused.length) toast(words(all - refused.length), { kind: "good" });
    refused.forEach((words) => toast(words, { kind: "bad" }));
  }
}

function named(card) {
  return card.querySelector("b").textContent;
}
