// The connection to the node: says when it is lost, tries until it is back, and says when a session has ended.
//
// Whoever notices that the node does not answer calls lost(); the node is then asked before a person is told. When it is
// back, the document gets the event "artdag:back": what follows something on the node begins again.
import { make } from "./elements.js";

const FIRST = 1000; // milliseconds to the second try; each pause is twice the one before
const LONGEST = 15000;
const PATIENCE = 8000; // milliseconds that the node has for an answer
const THANKS = 3000; // milliseconds for which it is said that all is well again

const WORDS = {
  away: "The node can’t be reached. Trying again…",
  starting: "The node is starting. It takes work in a moment.",
  draining: "The node is stopping. Trying again until it is back…",
};

let trying = false;
let told = ""; // the state that is shown
let wake = () => {};

export function lost() {
  if (!trying) recover();
}

async function recover() {
  trying = true;
  for (let pause = FIRST; ; pause = Math.min(2 * pause, LONGEST)) {
    const state = await asked();
    if (state === "here") break;
    if (told !== state) say("warm", WORDS[state], make("button", { type: "button", class: "plain whitespace-nowrap", click: () => wake() }, "Try now"));
    told = state;
    await new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, pause);
    });
  }
  trying = false;
  if (await signedIn()) {
    if (told) thank();
    document.dispatchEvent(new CustomEvent("artdag:back"));
  }
  told = "";
}

async function asked() {
  try {
    const answer = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (answer.ok) return "here";
    const { status } = await answer.json();
    return status in WORDS ? status : "away";
  } catch {
    return "away";
  }
}

// Whether the session of this page is still good; pages of those who never signed in have none to lose.
async function signedIn() {
  if (!document.getElementById("main")?.dataset.csrf) return true;
  try {
    const answer = await fetch("/auth/session", { headers: { Accept: "application/json" }, cache: "no-store" });
    if (answer.status === 401) signedOut();
    return answer.status !== 401;
  } catch {
    return true; // whoever needs the node notices
  }
}

// The page itself, asked for without a session, is a form to sign in that comes back here.
export function signedOut() {
  const here = location.pathname + location.search;
  say("bad", "You are signed out: your session has ended.", make("a", { class: "whitespace-nowrap", href: here }, "Sign in and come back here"));
}

function thank() {
  const box = say("good", "Connected again.");
  setTimeout(() => box.remove(), THANKS);
}

function say(kind, text, ...more) {
  const box = make("div", { class: `toast ${kind} items-baseline` }, make("span", {}, text), ...more);
  document.getElementById("connection").replaceChildren(box);
  return box;
}

window.addEventListener("offline", lost);
window.addEventListener("online", () => wake());
document.addEventListener("visibilitychange", () => document.hidden || wake());
for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, lost);
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.elt?.id === "page" && !trying) document.getElementById("connection").replaceChildren();
});
