// The text of a recipe: copied, or saved as a file.
import { make } from "../elements.js";
import { toast } from "../toasts.js";

export function mount(element) {
  const text = element.querySelector("pre").textContent;
  const name = `${element.dataset.name.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 80) || "recipe"}.yaml`;
  const copy = make("button", { type: "button", click: () => copied(text) }, "Copy");
  const save = make("button", { type: "button", click: () => saved(text, name) }, "Download");
  element.querySelector("p").append(copy, save);
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("The recipe's text is on the clipboard.", { kind: "good" });
  } catch {
    toast("The browser does not let the page use the clipboard. Open the YAML and copy it by hand.", { kind: "bad" });
  }
}

function saved(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
  const link = make("a", { href: address, download: name });
  link.click();
  URL.revokeObjectURL(address);
}
