// What a page shows, on the clipboard.

export const REFUSED = "This browser does not let a page copy: it is selected, press Ctrl+C.";

// Puts `text`, which `source` shows, on the clipboard, and says whether it could. The clipboard is for pages that came by
// https, or from this machine; elsewhere the older way may do.
export async function copied(source, text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    source.closest("details")?.setAttribute("open", ""); // what is folded can't be selected
    getSelection().selectAllChildren(source);
    return document.execCommand("copy");
  }
}
