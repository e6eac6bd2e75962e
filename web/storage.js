// The browser's storage, or memory where it is blocked or full.

/** A store that never throws: a value that the browser refuses is kept until the page is closed. */
function sturdy(name) {
  const memory = new Map();
  const stored = () => {
    try {
      return window[name];
    } catch {
      return null; // The browser refuses the property where cookies are blocked.
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
      // An older value must not return after a reload.
      attempt((store) => store.removeItem(key));
      memory.set(key, value);
    },
    removeItem(key) {
      memory.delete(key);
      attempt((store) => store.removeItem(key));
    },
    keys: () => [...memory.keys(), ...(attempt((store) => Object.keys(store))?.value ?? [])],
    /** Returns whether a value is kept in memory alone. */
    isVolatile: () => memory.size > 0 || !attempt((store) => store.getItem("latchstring")),
  };
}

/** The store that the tabs share, which survives them. */
export const local = sturdy("localStorage");
/** The store of this tab, which survives reloads. */
export const session = sturdy("sessionStorage");

/** Returns whether a reload loses stored values. */
export const isVolatile = () => local.isVolatile() || session.isVolatile();
