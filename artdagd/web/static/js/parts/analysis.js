// What was found over time, with its player: a cursor that goes with it, places to go to, and a scale in time.
import { make } from "../elements.js";
import { wait } from "../pictures.js";

const MOST = 64; // times as wide as the window
const STEP = 1; // seconds that an arrow key goes

export function mount(element, signal) {
  const duration = Number(element.dataset.duration);
  const tracks = element.querySelector(".tracks");
  if (!tracks || !duration) return;
  const view = tracks.parentElement;
  const player = element.querySelector(".analyzed");
  const at = element.querySelector("[data-at]");
  let scale = 1;
  wait(element, signal);

  const cursor = make("div", {
    class: "cursor", role: "slider", tabindex: "0", "aria-label": "Place in time", "aria-valuemin": "0", "aria-valuemax": duration,
  });
  tracks.append(cursor);

  const place = (seconds, follow) => {
    const share = Math.min(1, Math.max(0, seconds / duration));
    cursor.style.left = `${100 * share}%`;
    cursor.setAttribute("aria-valuenow", seconds.toFixed(2));
    cursor.setAttribute("aria-valuetext", words(seconds));
    at.textContent = words(seconds);
    const x = share * tracks.offsetWidth - view.scrollLeft;
    if (follow && (x < 0 || x > view.clientWidth)) view.scrollLeft = share * tracks.offsetWidth - view.clientWidth / 8;
  };
  const seek = (seconds) => {
    const to = Math.min(duration, Math.max(0, seconds));
    if (player) player.currentTime = to;
    place(to, true);
  };
  // `still` is the share of the window whose moment stays where it is.
  const zoom = (to, still = 0.5) => {
    const moment = (view.scrollLeft + still * view.clientWidth) / tracks.offsetWidth;
    scale = Math.min(MOST, Math.max(1, to));
    tracks.style.width = `${100 * scale}%`;
    tracks.classList.toggle("close", scale > 1.9);
    view.scrollLeft = moment * tracks.offsetWidth - still * view.clientWidth;
    for (const button of element.querySelectorAll("[data-zoom]")) button.disabled = scale === (button.dataset.zoom === "in" ? MOST : 1);
  };

  tracks.addEventListener("click", ({ clientX }) => {
    const { left, width } = tracks.getBoundingClientRect();
    seek((duration * (clientX - left)) / width);
  }, { signal });
  cursor.addEventListener("keydown", (event) => {
    const now = Number(cursor.getAttribute("aria-valuenow") ?? 0);
    const to = { ArrowLeft: now - STEP, ArrowRight: now + STEP, Home: 0, End: duration }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    seek(to);
  }, { signal });
  element.querySelector(".zoom").addEventListener("click", ({ target }) => {
    const shown = view.clientWidth && (cursor.offsetLeft - view.scrollLeft) / view.clientWidth;
    const still = shown > 0 && shown < 1 ? shown : 0.5;
    const to = { in: scale * 2, out: scale / 2, all: 1 }[target.dataset.zoom];
    if (to) zoom(to, still);
  }, { signal });
  view.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return; // the page's to scroll
    event.preventDefault();
    zoom(scale * 2 ** (-event.deltaY / 200), (event.clientX - view.getBoundingClientRect().left) / view.clientWidth);
  }, { signal, passive: false });

  for (const item of element.querySelectorAll("[data-seek]")) {
    const button = make("button", { type: "button", click: () => seek(Number(item.dataset.seek)) }, item.textContent);
    item.replaceChildren(button);
  }
  if (player) {
    const run = () => {
      place(player.currentTime, true);
      if (!player.paused && !signal.aborted) requestAnimationFrame(run);
    };
    player.addEventListener("play", run, { signal });
    for (const name of ["seeked", "timeupdate", "loadedmetadata"]) {
      player.addEventListener(name, () => player.paused && place(player.currentTime, true), { signal });
    }
  }
  element.querySelector(".zoom").hidden = false;
  element.classList.add("alive");
  zoom(1);
  place(player?.currentTime ?? 0, false);
}

function words(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(2).padStart(5, "0")}`;
}
