// The list of media: found while one types, and joined by what is uploaded, without the page being loaded.
import { fetched } from "../update.js";

const LOOKS = 20; // times that an upload's card is asked for until a worker knows what it is
const PAUSE = 1500; // ms between them

export function mount(element, signal) {
  element.querySelector("form button").hidden = true; // what is typed is looked for by itself
  const listen = (target, name, run) => target.addEventListener(name, run, { signal });
  listen(element, "htmx:configRequest", ({ detail }) => {
    if (detail.verb !== "get") return;
    for (const name of ["kind", "q", "sort"]) {
      if (detail.parameters[name] === "" || (name === "sort" && detail.parameters[name] === "newest")) delete detail.parameters[name];
    }
  });
  listen(element, "htmx:afterSettle", ({ detail }) => {
    if (detail.target?.id === "found") say(element.querySelector("#found :is(.count, .none)"));
  });
  let [looking, more] = [null, false];
  listen(document, "artdagd:brought", () => {
    more = true; // a page that is on its way does not have it
    looking ??= lookAgain().finally(() => (looking = null));
  });

  async function lookAgain() {
    while (more) {
      more = false;
      await look(element, signal);
    }
  }
}

function say(line) {
  document.getElementById("said").textContent = line?.textContent.trim() ?? "";
}

// Cards that are not here yet come first; those that say more than ours are put in their place.
async function look(element, signal) {
  for (let looks = 0; looks < LOOKS; looks += 1) {
    let page;
    try {
      page = await fetched(location.pathname + location.search, signal);
    } catch {
      return;
    }
    if (signal.aborted || merge(element, page)) return;
    await new Promise((done) => setTimeout(done, PAUSE));
  }
}

// Whether all is known of what is there.
function merge(element, page) {
  const found = element.querySelector("#found");
  const fresh = page.getElementById("found");
  if (!found || !fresh) return true;
  const [cards, made] = [found.querySelector(".cards"), fresh.querySelector(".cards")];
  if (!cards || !made) {
    if (made) htmx.swap(found, fresh.outerHTML, { swapStyle: "outerHTML" });
  } else {
    joined(cards, made);
    const [count, counted] = [found.querySelector(".count"), fresh.querySelector(".count")];
    if (count && counted) count.textContent = counted.textContent;
  }
  return !fresh.querySelector(".cards [data-unknown]");
}

function joined(cards, made) {
  for (const card of [...made.children].reverse()) {
    const ours = cards.querySelector(`[data-cid="${CSS.escape(card.dataset.cid)}"]`);
    if (!ours) htmx.swap(cards, card.outerHTML, { swapStyle: "afterbegin" });
    else if ("unknown" in ours.dataset && !("unknown" in card.dataset)) htmx.swap(ours, card.outerHTML, { swapStyle: "outerHTML" });
  }
}
