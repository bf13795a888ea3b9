// The text of a recipe: copied, or saved as a file.
import { copied, REFUSED } from "../clipboard.js";
import { make } from "../elements.js";
import { toast } from "../toasts.js";

export function mount(element) {
  const shown = element.querySelector("pre");
  const text = shown.textContent;
  const name = `${element.dataset.name.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 80) || "recipe"}.yaml`;
  const copy = async () => {
    const done = await copied(shown, text);
    toast(done ? "The recipe's text is on the clipboard." : REFUSED, { kind: done ? "good" : "bad" });
  };
  const button = make("button", { type: "button", click: copy }, "Copy");
  const save = make("button", { type: "button", click: () => saved(text, name) }, "Download");
  element.querySelector("p").append(button, save);
}

function saved(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
  const link = make("a", { href: address, download: name });
  link.click();
  URL.revokeObjectURL(address);
}
