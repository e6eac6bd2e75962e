// The browser's storage. Where it is blocked or full, the page keeps what it must in memory.

/** A store that never throws: what the browser refuses stays in this page until it is closed. */
function sturdy(name) {
  const memory = new Map();
  const stored = () => {
    try {
      return window[name];
    } catch {
      return null; // Reading the property is refused where cookies are blocked.
    }
  };
  const attempt = (work) => {
    try {
      const store = stored();
      return store ? { value: work(store) } : null;
    } catch {
      return null;
    }
  };
  return {
    getItem: (key) => memory.get(key) ?? attempt((store) => store.getItem(key))?.value ?? null,
    setItem(key, value) {
      if (attempt((store) => store.setItem(key, value))) return void memory.delete(key);
      // An older value must not come back after a reload.
      attempt((store) => store.removeItem(key));
      memory.set(key, value);
    },
    removeItem(key) {
      memory.delete(key);
      attempt((store) => store.removeItem(key));
    },
    /** Whether something is kept in memory alone. */
    isVolatile: () => memory.size > 0 || !attempt((store) => store.getItem("latchstring")),
  };
}

/** Shared by the tabs, and kept after them. */
export const local = sturdy("localStorage");
/** Of this tab, over its reloads. */
export const session = sturdy("sessionStorage");

/** Whether a reload forgets what the pages keep. */
export const isVolatile = () => local.isVolatile() || session.isVolatile();
