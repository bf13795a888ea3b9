// Calls of the node's API with the session of this browser.
import { lost, signedOut } from "./connection.js";
import { Problem } from "./problems.js";

export function csrf() {
  return document.getElementById("main")?.dataset.csrf ?? "";
}

// What `path` answers, decoded. `json` or `body` (with `type`) is sent. Throws Problem; and AbortError when `signal` says so.
export async function call(method, path, { json, body, type, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf();
  if (json !== undefined) [body, type] = [JSON.stringify(json), "application/json"];
  if (type) headers["Content-Type"] = type;
  let answer;
  try {
    answer = await fetch(path, { method, headers, body, signal, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    lost();
    throw new Problem({ title: "Not reached", detail: "The node can't be reached.", advice: "Try again in a moment." });
  }
  if (answer.status === 401) signedOut();
  const text = await answer.text();
  const given = text && (answer.headers.get("Content-Type") ?? "").includes("json") ? JSON.parse(text) : text;
  if (!answer.ok) throw new Problem(typeof given === "object" ? given : { status: answer.status, title: `Error ${answer.status}`, detail: "" });
  return given;
}
