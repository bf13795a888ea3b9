// Pictures of the page that a worker makes when they are first asked for: shown once they are there.
import { preview } from "./previews.js";

// One that the browser could not show is asked for until it is there, and taken away where there is none.
export function waited(picture, signal) {
  const again = async () => {
    const frame = picture.closest(".still");
    frame?.classList.add("coming");
    const there = await made(picture.src, signal);
    if (there) show(picture, "src");
    else if (!signal.aborted) picture.remove();
    frame?.classList.remove("coming");
  };
  if (picture.complete && picture.naturalWidth === 0) again();
  else picture.addEventListener("error", again, { once: true, signal });
}

// Those in `element`, in drawings too; a drawing does not tell which of its pictures the browser could not show.
export function wait(element, signal) {
  for (const picture of element.querySelectorAll("img:not([data-part=still] *)")) waited(picture, signal);
  // Posters are asked for when they come into view: there may be many.
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      made(target.poster, signal).then((there) => there && show(target, "poster"));
    }
  });
  element.querySelectorAll("video[poster]").forEach((video) => seen.observe(video));
  signal.addEventListener("abort", () => seen.disconnect());
  const drawn = [...element.querySelectorAll("image")];
  for (const path of new Set(drawn.map((picture) => picture.getAttribute("href")))) {
    made(path, signal).then((there) => there && drawn.filter((one) => one.getAttribute("href") === path).forEach((one) => show(one, "href")));
  }
}

async function made(path, signal) {
  try {
    return await preview(path, signal);
  } catch {
    return null; // the page is gone, or the node
  }
}

function show(picture, name) {
  const path = picture.getAttribute(name);
  picture.removeAttribute(name);
  picture.setAttribute(name, path);
}
