// A picture that a worker may still be making: asked for again until it is there.
import { retried } from "../picker/cards.js";

export function mount(element) {
  retried(element);
  if (element.complete && !element.naturalWidth) element.dispatchEvent(new Event("error"));
}
