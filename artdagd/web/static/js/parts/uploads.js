// The form for a file becomes one for many, which one may also drop anywhere on the page.
import { make } from "../elements.js";
import { show, upload } from "../uploads/panel.js";
import { size } from "../words.js";

export function mount(element, signal) {
  const limit = Number(element.dataset.limit);
  const form = element.querySelector("form");
  const input = form.querySelector("input[type=file]");
  element.classList.add("ready");
  input.multiple = true;
  input.required = false;
  form.querySelector("button").hidden = true;
  form.querySelector(".file span").textContent = "Choose files to upload";
  form.append(make("p", { class: "note" }, make("span", { class: "pointer-coarse:hidden" }, "Or drop them anywhere on this page. "), `Video, sound, pictures: as many as you like, of up to ${size(limit)} each.`));
  show(element);
  signal.addEventListener("abort", () => show(null));
  const take = () => {
    upload([...input.files].map((file) => judged(file, limit)));
    input.value = "";
  };
  input.addEventListener("change", take, { signal });
  take(); // what was chosen before this came
  dropping(limit, signal);
}

function judged(file, limit) {
  return { file, why: file.size > limit ? `Too large: the node takes files of up to ${size(limit)}.` : "" };
}

function dropping(limit, signal) {
  const veil = make("div", { class: "veil", hidden: true }, make("p", {}, "Drop them to upload"));
  document.body.append(veil);
  signal.addEventListener("abort", () => veil.remove());
  const files = (event) => event.dataTransfer?.types.includes("Files");
  const listen = (name, run) => document.addEventListener(name, run, { signal });
  listen("dragover", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    veil.hidden = false;
  });
  listen("dragleave", (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  listen("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    veil.hidden = true;
    upload(dropped(event.dataTransfer, limit));
  });
}

// What was dropped; of a folder a browser gives no bytes.
function dropped(given, limit) {
  return [...given.items]
    .filter(({ kind }) => kind === "file")
    .map((item) => {
      const file = item.getAsFile();
      const folder = item.webkitGetAsEntry?.()?.isDirectory;
      return folder ? { file, why: "It is a folder: drop the files in it." } : judged(file, limit);
    })
    .filter(({ file }) => file);
}
