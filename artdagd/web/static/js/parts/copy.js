// A button that copies the text of the element that data-from names.
import { make } from "../elements.js";
import { toast } from "../toasts.js";

export function mount(element) {
  const source = document.getElementById(element.dataset.from);
  const copy = async () => {
    toast((await copied(source)) ? "Copied." : "This browser does not let a page copy: it is selected, press Ctrl+C.");
  };
  element.append(make("button", { type: "button", class: "plain", click: copy }, "Copy"));
}

// The clipboard is for pages that came by https, or from this machine; elsewhere the older way may do.
async function copied(source) {
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    return document.execCommand("copy");
  }
}
