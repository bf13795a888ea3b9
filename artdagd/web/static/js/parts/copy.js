// A button that copies the text of the element that data-from names.
import { copied, REFUSED } from "../clipboard.js";
import { make } from "../elements.js";
import { toast } from "../toasts.js";

export function mount(element) {
  const source = document.getElementById(element.dataset.from);
  const copy = async () => {
    toast((await copied(source, source.textContent.trim())) ? "Copied." : REFUSED);
  };
  element.append(make("button", { type: "button", class: "plain", click: copy }, "Copy"));
}
