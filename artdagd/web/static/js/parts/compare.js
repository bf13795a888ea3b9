// Two results: what one player does the other does too, and one can be laid over the other, with a border to move.

const APART = 0.12; // seconds that both may differ before one is put where the other is

export function mount(element, signal) {
  const players = [...element.querySelectorAll("video, audio")];
  const pictures = [...element.querySelectorAll(".player :is(video, img:not(.wave))")];
  const bar = element.querySelector(".together");
  const wipe = bar.querySelector(".wipe");
  const buttons = Object.fromEntries([...bar.querySelectorAll("[data-do]")].map((button) => [button.dataset.do, button]));
  const both = players.length === 2;
  buttons.play.hidden = buttons.sound.hidden = !both;
  buttons.wipe.hidden = pictures.length !== 2;
  bar.hidden = !both && pictures.length !== 2;
  if (both) together(players, buttons, signal);
  if (pictures.length === 2) over(element, pictures, buttons.wipe, wipe, signal);
}

function together(players, { play, sound }, signal) {
  let heard = 1;
  const hear = () => {
    players.forEach((player, number) => (player.muted = number !== heard));
    sound.textContent = `Sound: ${heard ? "now" : "before"}`;
  };
  const other = (player) => players[1 - players.indexOf(player)];
  const align = (player) => {
    const mate = other(player);
    if (Math.abs(mate.currentTime - player.currentTime) > APART) mate.currentTime = Math.min(player.currentTime, mate.duration || 0);
  };
  const on = (name, handle) => players.forEach((player) => player.addEventListener(name, () => handle(player), { signal }));
  on("play", (player) => {
    align(player);
    if (other(player).paused && !other(player).ended) other(player).play().catch(() => {});
    play.textContent = "Pause both";
  });
  on("pause", (player) => {
    if (player.ended || player.seeking) return;
    if (!other(player).paused) other(player).pause();
    play.textContent = "Play both";
  });
  on("ended", () => players.every((player) => player.paused) && (play.textContent = "Play both"));
  on("seeking", align);
  on("ratechange", (player) => (other(player).playbackRate = player.playbackRate));
  players[1].addEventListener("timeupdate", () => !players[1].paused && !players[1].seeking && align(players[1]), { signal });
  play.addEventListener("click", () => (players.some((player) => !player.paused) ? players[1].pause() : players[1].play().catch(() => {})), { signal });
  sound.addEventListener("click", () => {
    heard = 1 - heard;
    hear();
  }, { signal });
  hear();
}

// The one before lies over the one now, as far as the border.
function over(element, [before], button, wipe, signal) {
  const range = wipe.querySelector("input");
  const cut = () => {
    const on = button.getAttribute("aria-pressed") === "true";
    before.style.clipPath = on ? `inset(0 ${100 - Number(range.value)}% 0 0)` : "";
  };
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    element.classList.toggle("wiped", on);
    wipe.hidden = !on;
    cut();
  }, { signal });
  range.addEventListener("input", cut, { signal });
}
