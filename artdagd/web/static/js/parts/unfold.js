// Opens what is folded and has in it what the address points to.
export function mount(element, signal) {
  function open() {
    const name = decodeURIComponent(location.hash.slice(1));
    const place = name && document.getElementById(name);
    const fold = place && element.contains(place) && place.closest("details");
    if (!fold) return;
    fold.open = true;
    place.scrollIntoView();
  }
  window.addEventListener("hashchange", open, { signal });
  open();
}
