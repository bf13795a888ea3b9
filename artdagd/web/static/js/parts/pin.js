// A button that pins a medium, or takes its pin away.
import { call } from "../api.js";
import { make } from "../elements.js";
import { toast } from "../toasts.js";
import { fetched, update } from "../update.js";

export function mount(element, signal) {
  const pinned = element.dataset.pinned === "yes";
  const turn = async () => {
    button.disabled = true;
    try {
      await call("PATCH", `/cache/${element.dataset.cid}/meta`, { json: { pinned: !pinned }, signal });
      const page = await fetched(location.pathname, signal);
      for (const id of ["kept", "remove"]) update(document.getElementById(id), page.getElementById(id));
      toast(pinned ? "The pin is removed." : "Pinned: it is never removed from this node's disk, nor deleted.");
    } catch (error) {
      if (!signal.aborted) toast(error.message, { kind: "bad" });
    } finally {
      button.disabled = false;
    }
  };
  const button = make("button", { type: "button", class: "plain", click: turn }, pinned ? "Remove the pin" : "Pin it here");
  element.append(button);
}
