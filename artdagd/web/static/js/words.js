// Figures as people read them, as artdagd/web/words.py writes them.

export function size(count) {
  if (count < 1024) return `${count} bytes`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let amount = count / 1024;
  while (amount >= 1023.95 && units.length > 1) {
    amount /= 1024;
    units.shift();
  }
  return `${amount.toFixed(1)} ${units[0]}`;
}

// Seconds as m:ss, or h:mm:ss.
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const pad = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

// A duration: "4.20 s", "3:07", "1:02:03".
export function span(seconds) {
  return seconds < 60 ? `${seconds.toFixed(2)} s` : clock(seconds);
}

// A duration that still grows, in whole seconds: "5 s", "3:07".
export function grown(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : clock(whole);
}

// How long something still takes, no more exactly than it is known: "20 s", "3 min", "1 h 20 min".
export function about(seconds) {
  if (seconds < 60) return `${Math.max(5, 5 * Math.round(seconds / 5))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
