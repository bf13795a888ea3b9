// Pictures that a worker makes of a medium: asked for until they are there.
import { pause } from "./pause.js";

const TRIES = 60;
const SECONDS = 2;

// The picture at `path` as a blob; null where there is none, or it can't be made. Throws AbortError.
export async function preview(path, signal) {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const answer = await fetch(path, { signal, credentials: "same-origin" });
    if (answer.status === 200) return answer.blob();
    if (answer.status !== 202 && answer.status !== 429) return null;
    await pause((Number(answer.headers.get("Retry-After")) || SECONDS) * 1000, signal);
  }
  return null;
}
