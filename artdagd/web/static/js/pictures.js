// Pictures that a worker makes when they are first asked for: those that are not there yet are shown when they are.

const TRIES = 60;
const PAUSE = 2000; // milliseconds, between two looks

// All pictures in `element`, in drawings too.
export function wait(element, signal) {
  const waiting = new Map(); // path -> pictures
  const failed = (picture) => {
    const path = picture.getAttribute("src");
    if (waiting.has(path)) waiting.get(path).push(picture);
    else {
      waiting.set(path, [picture]);
      made(path, signal).then((there) => there && waiting.get(path).forEach(again), () => {});
    }
  };
  for (const picture of element.querySelectorAll("img")) {
    if (picture.complete && picture.naturalWidth === 0 && picture.loading !== "lazy") failed(picture);
    else picture.addEventListener("error", () => failed(picture), { once: true, signal });
  }
  // A picture of a drawing does not tell afterwards that it could not be loaded.
  const drawn = new Set([...element.querySelectorAll("image")].map((picture) => picture.getAttribute("href")));
  for (const path of drawn) {
    made(path, signal, 0).then((tries) => tries && element.querySelectorAll(`image[href="${path}"]`).forEach(again), () => {});
  }
}

// How many looks it took; 0 if it can't be made. Rejects when the signal says so.
async function made(path, signal, pause = PAUSE) {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, tries === 1 ? pause : PAUSE));
    signal.throwIfAborted();
    const { status } = await fetch(path, { signal });
    if (status === 200) return tries;
    if (status !== 202 && status !== 429) return 0;
  }
  return 0;
}

function again(picture) {
  const name = picture.hasAttribute("src") ? "src" : "href";
  const path = picture.getAttribute(name);
  picture.removeAttribute(name);
  picture.setAttribute(name, path);
}
