// What the browser keeps. Where it refuses to (blocked, or full), the page keeps it as long as it is open.

/** Storage of that name that never throws. */
function lasting(name) {
  const kept = new Map();
  const real = () => window[name];
  return {
    getItem(key) {
      if (kept.has(key)) return kept.get(key);
      try {
        return real().getItem(key);
      } catch {
        return null;
      }
    },
    setItem(key, value) {
      try {
        real().setItem(key, value);
        kept.delete(key);
      } catch (error) {
        console.warn(`${name} does not keep what this page asks it to`, error.name);
        kept.set(key, String(value));
      }
    },
    removeItem(key) {
      kept.delete(key);
      try {
        real().removeItem(key);
      } catch {
        // Nothing is there.
      }
    },
  };
}

/** Shared by the tabs, and kept when they are closed. */
export const local = lasting("localStorage");
/** Of this tab. */
export const session = lasting("sessionStorage");

/** Whether the browser refuses to keep anything. */
export function isBlocked() {
  try {
    window.localStorage.setItem("latchstring.probe", "");
    window.localStorage.removeItem("latchstring.probe");
    return false;
  } catch {
    return true;
  }
}
