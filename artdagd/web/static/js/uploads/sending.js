// One file on its way to the node.
import { csrf } from "../api.js";
import { Problem } from "../problems.js";

// What POST /cache/upload answers. `progress` is told the fraction that has been sent, `whole` when all of it is.
// Throws Problem, of status 0 where the node was not reached.
export function sent(file, { signal, progress, whole = () => {} }) {
  const form = new FormData();
  form.append("file", file, file.name);
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/cache/upload");
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRF-Token", csrf());
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => progress(total ? loaded / total : 0));
    request.upload.addEventListener("load", whole);
    request.addEventListener("load", () => {
      if (request.status < 300) done(request.response);
      else fail(new Problem(request.response ?? { status: request.status, title: `Error ${request.status}` }));
    });
    request.addEventListener("error", () => fail(new Problem({ title: "Not reached", detail: "The node can't be reached.", advice: "Try again." })));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}
