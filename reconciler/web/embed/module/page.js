// Where the server is, and what the page around tells: theme and language on <html>, and the time going by.

const SERVER = new URL("../", import.meta.url); // .../embed/bugspark-sync.js → .../
const TICK_SECONDS = 5;

const pageWatch = {
  elements: new Set(),
  observer: undefined,
  timer: undefined,

  add(element) {
    if (this.elements.size === 0) this.start();
    this.elements.add(element);
  },

  remove(element) {
    this.elements.delete(element);
    if (this.elements.size === 0) this.stop();
  },

  start() {
    this.observer = new MutationObserver(() => this.updateAll());
    this.observer.observe(document.documentElement, { attributes: true, attributeFilter: ["class", "lang"] });
    this.timer = setInterval(() => document.hidden || this.updateAll(), TICK_SECONDS * 1000);
    shared.listeners.add(this.updateAll);
  },

  stop() {
    this.observer.disconnect();
    clearInterval(this.timer);
    shared.listeners.delete(this.updateAll);
  },

  updateAll: () => {
    for (const element of pageWatch.elements) element.update();
  },
};

const isDark = () => document.documentElement.classList.contains("dark");

// Nothing may reach the page around as an error of its own: it is said in the console instead.
function guarded(work) {
  try {
    const result = work();
    if (result instanceof Promise) result.catch(tellError);
  } catch (error) {
    tellError(error);
  }
}

function tellError(error) {
  console.warn("bugspark-sync:", error);
}
