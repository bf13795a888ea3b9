// Resolves after so many milliseconds; rejects with the signal's reason if that is aborted first.
export function pause(milliseconds, signal) {
  return new Promise((done, fail) => {
    const stop = () => (clearTimeout(timer), fail(signal.reason));
    const timer = setTimeout(() => (signal.removeEventListener("abort", stop), done()), milliseconds);
    signal.addEventListener("abort", stop, { once: true });
  });
}
