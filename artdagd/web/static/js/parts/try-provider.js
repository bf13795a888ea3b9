// The button that tests a storage provider: its answer comes beside it.
import { call } from "../api.js";

export function mount(form, signal) {
  const said = form.querySelector("[role=status]");
  const button = form.querySelector("button");

  async function ask(event) {
    event.preventDefault();
    event.stopPropagation();
    button.disabled = true;
    said.textContent = "Saving a small blob there, and reading it back…";
    said.className = "note";
    try {
      const { ok, detail, latency_ms } = await call("POST", form.getAttribute("action"), { signal });
      said.textContent = ok ? `It works: ${detail}, in ${Math.round(latency_ms)} ms.` : `It does not work: ${detail}.`;
      said.className = ok ? "text-good" : "text-bad";
    } catch (error) {
      if (error.name === "AbortError") return;
      said.textContent = error.message;
      said.className = "text-bad";
    } finally {
      button.disabled = false;
    }
  }

  form.addEventListener("submit", ask, { signal, capture: true });
}
