// What is there of a run's result, played while the rest renders: for browsers that play HTTP Live Streams by themselves.
import { call } from "../api.js";
import { make } from "../elements.js";

const STREAM = "application/vnd.apple.mpegurl";
const PAUSE = 1000; // until the first seconds are asked for again
const HIDDEN = 20000; // the same while the page is not looked at
const RESULT = "#run-result video";
const LATER = "It can be watched here as soon as its first seconds are there.";
const NOW = "Watch while it renders: what is there already plays, and the rest follows.";

export function mount(element, signal) {
  const video = make("video", { controls: true, playsinline: true, preload: "metadata", width: element.dataset.width, height: element.dataset.height, "aria-label": "What is there of the result" });
  if (!video.canPlayType(STREAM)) return;
  const said = make("p", { class: "note" }, LATER);
  element.replaceChildren(video, said);
  element.hidden = false;
  signal.addEventListener("abort", () => hand(video));
  video.addEventListener("loadedmetadata", () => begin(video), { once: true, signal });
  video.addEventListener("error", () => (element.hidden = true), { signal });
  wait(element, video, said, signal);
}

// Until there is something; a run that has no such stream shows nothing.
async function wait(element, video, said, signal) {
  const { src } = element.dataset;
  try {
    await call("GET", src, { signal });
  } catch (problem) {
    if (signal.aborted) return;
    if (problem.status && problem.status !== 503) element.hidden = true;
    else setTimeout(() => signal.aborted || wait(element, video, said, signal), document.hidden ? HIDDEN : PAUSE);
    return;
  }
  video.src = src;
  said.textContent = NOW;
}

// A stream that grows would be joined near its end.
function begin(video) {
  if (video.currentTime > 0) video.currentTime = 0;
}

// The result goes on where the stream was.
function hand(video) {
  const result = document.querySelector(RESULT);
  const { currentTime, paused, ended, volume, muted } = video;
  video.removeAttribute("src");
  video.load();
  if (!result || !currentTime || ended) return;
  Object.assign(result, { currentTime, volume, muted });
  if (!paused) result.play().catch(() => {}); // a browser may want to be asked again
}
