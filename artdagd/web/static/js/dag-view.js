// Moving and zooming a drawing in its frame, by pointer, fingers, wheel and keys.
const STEP = 1.25;
const MOST = 3;
const READABLE = 0.5;
const PAN = 60;
const SLACK = 4;
const EDGE = 48;
const LEAST = 256;
const TOOLS = 52; // pixels beside the drawing that the buttons need, or under it
const NARROW = 640; // pixels of a frame that has them at its foot: drawing.css

// `frame` is the element that shows a part of `svg`. `wheel()` says whether the wheel zooms now, and not only with Ctrl.
export function viewOf(frame, svg, signal, wheel) {
  const wide = svg.width.baseVal.value;
  const high = svg.height.baseVal.value;
  const first = svg.querySelector(".box rect");
  const middle = first ? Number(first.getAttribute("x")) + Number(first.getAttribute("width")) / 2 : wide / 2;
  let [x, y, scale] = [0, 0, 1];
  let touched = false;
  let kept = null;

  function apply() {
    const [across, down] = [frame.clientWidth, frame.clientHeight];
    x = held(x, across, wide * scale);
    y = held(y, down, high * scale);
    svg.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
  }

  // Whether there is more of the drawing below (way 1) or above (-1) what the frame shows.
  function more(way) {
    return way > 0 ? y + high * scale > frame.clientHeight + 1 : y < -1;
  }

  // A drawing that fits stays whole in the frame; of a larger one something always stays in it.
  function held(at, room, length) {
    if (length <= room) return Math.min(Math.max(at, 0), room - length);
    return Math.min(Math.max(at, Math.min(EDGE, room) - length), room - Math.min(EDGE, room));
  }

  // The room that the buttons leave. On the other side as much is kept free, so that the drawing is in the middle.
  function room() {
    const narrow = frame.clientWidth < NARROW;
    return [frame.clientWidth - (narrow ? 0 : 2 * TOOLS), frame.clientHeight - (narrow ? TOOLS : 0)];
  }

  function fitting() {
    const [across, down] = room();
    return Math.min(across / wide, down / high, 1);
  }

  function centre() {
    x = (frame.clientWidth - wide * scale) / 2;
    y = (room()[1] - high * scale) / 2;
  }

  // All of it; at first no smaller than can be read, from its first node on.
  function fit(readable = false) {
    scale = readable ? Math.max(fitting(), READABLE) : fitting();
    centre();
    if (high * scale > frame.clientHeight) y = 0;
    const over = frame.clientWidth - wide * scale;
    if (over < 0) x = Math.min(0, Math.max(over, frame.clientWidth / 2 - middle * scale));
    touched = !readable;
    apply();
  }

  function zoom(factor, at = { x: frame.clientWidth / 2, y: frame.clientHeight / 2 }) {
    const next = Math.min(MOST, Math.max(Math.min(fitting(), READABLE), scale * factor));
    x = at.x - ((at.x - x) * next) / scale;
    y = at.y - ((at.y - y) * next) / scale;
    scale = next;
    moved();
    apply();
  }

  function pan(dx, dy) {
    x += dx;
    y += dy;
    moved();
    apply();
  }

  // Moves as little as brings the box of a node into the frame.
  function show(node) {
    const box = node.querySelector("rect");
    const [left, top, across, down] = ["x", "y", "width", "height"].map((name) => Number(box.getAttribute(name)) * scale);
    const off = (start, length, room) => {
      const margin = Math.min(24, Math.max(0, (room - length) / 2));
      if (start < margin) return margin - start;
      return Math.min(0, room - margin - start - length);
    };
    x += off(x + left, across, frame.clientWidth);
    y += off(y + top, down, frame.clientHeight);
    kept = node;
    apply();
  }

  // Brings a node to the middle, large enough to be read.
  function read(node) {
    scale = Math.max(scale, READABLE);
    const box = node.querySelector("rect");
    const [left, top, across, down] = ["x", "y", "width", "height"].map((name) => Number(box.getAttribute(name)));
    x = frame.clientWidth / 2 - (left + across / 2) * scale;
    y = frame.clientHeight / 2 - (top + down / 2) * scale;
    touched = true;
    apply();
  }

  function moved() {
    touched = true;
    kept = null;
  }

  frame.style.maxHeight = `${Math.max(high + 2, LEAST)}px`;
  drags(frame, signal, pan, zoom, fingers(frame, signal, more));
  frame.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey && !wheel()) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)), inside(frame, event));
    },
    { signal, passive: false },
  );
  const sized = new ResizeObserver(() => {
    if (touched) apply();
    else fit(true);
    if (kept) show(kept);
  });
  sized.observe(frame);
  signal.addEventListener("abort", () => sized.disconnect());
  fit(true);
  return { fit, zoom, pan, show, read, step: STEP, pace: PAN };
}

function inside(frame, { clientX, clientY }) {
  const { left, top } = frame.getBoundingClientRect();
  return { x: clientX - left, y: clientY - top };
}

// A finger that moves up or down scrolls the page where the drawing has no more on that side; all else is the drawing's.
// Gives whether the fingers that touch it now move it.
function fingers(frame, signal, more) {
  let [from, ours] = [null, false];
  frame.addEventListener("touchstart", ({ touches }) => ([from, ours] = [touches[0], touches.length > 1]), { signal, passive: true });
  frame.addEventListener(
    "touchmove",
    (event) => {
      const [{ clientX, clientY }] = event.touches;
      const [across, down] = [clientX - from.clientX, clientY - from.clientY];
      ours ||= Math.abs(across) > Math.abs(down) || more(-Math.sign(down));
      if (ours && event.cancelable) event.preventDefault();
    },
    { signal, passive: false },
  );
  return () => ours;
}

// One pointer moves, two zoom. A drag is no click.
function drags(frame, signal, pan, zoom, fingered) {
  const held = new Map();
  let [moved, far] = [0, false];
  frame.addEventListener(
    "pointerdown",
    (event) => {
      if (!held.size) [moved, far] = [0, false];
      if (event.button || event.target.closest("input, button")) return;
      held.set(event.pointerId, inside(frame, event));
    },
    { signal },
  );
  frame.addEventListener(
    "pointermove",
    (event) => {
      const before = held.get(event.pointerId);
      if (!before) return;
      const now = inside(frame, event);
      moved += Math.hypot(now.x - before.x, now.y - before.y);
      if (!far && moved <= SLACK) return;
      held.set(event.pointerId, now);
      if (event.pointerType === "touch" && !fingered()) return;
      far = true;
      frame.setPointerCapture(event.pointerId);
      frame.classList.add("dragged");
      const other = [...held].find(([id]) => id !== event.pointerId)?.[1];
      if (!other) return pan(now.x - before.x, now.y - before.y);
      const wide = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
      pan((now.x - before.x) / 2, (now.y - before.y) / 2);
      zoom(wide(now) / wide(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
    },
    { signal },
  );
  const release = (event) => {
    held.delete(event.pointerId);
    if (!held.size) frame.classList.remove("dragged");
  };
  for (const name of ["pointerup", "pointercancel"]) frame.addEventListener(name, release, { signal });
  // A finger is the box's that it touched until the frame captures it.
  frame.addEventListener("lostpointercapture", (event) => event.target === frame && release(event), { signal });
  frame.addEventListener("click", (event) => far && event.stopPropagation(), { signal, capture: true });
}
