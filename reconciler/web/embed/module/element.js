// What the three elements have in common: attributes, shadow root, when to show again.

const STATE_EVENT = "bugspark-sync-state";
const SIGN_IN_EVENT = "bugspark-sync-sign-in";
const ACTION_EVENT = "bugspark-sync-action";

class SyncElement extends HTMLElement {
  static subject = ""; // the attribute with the id
  static flags = []; // further attributes; they are true while they are there
  #isPlanned = false;
  #lifetime = undefined;
  #announced = undefined; // what the page around was told last
  #wasSignedOut = false;

  static get observedAttributes() {
    return [this.subject, ...this.flags];
  }

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
  }

  /** The id of the report or project; "" for what is none. */
  get subjectId() {
    const given = this.getAttribute(this.constructor.subject) ?? "";
    return UUID.test(given) ? given.toLowerCase() : "";
  }

  /** Aborted when the element leaves the page. */
  get lifetime() {
    return this.#lifetime.signal;
  }

  connectedCallback() {
    guarded(() => {
      this.#takeEarlierProperties();
      this.#lifetime = new AbortController();
      pageWatch.add(this);
      this.start();
      this.render();
    });
  }

  disconnectedCallback() {
    guarded(() => {
      this.#lifetime?.abort();
      pageWatch.remove(this);
      this.stop();
    });
  }

  attributeChangedCallback(name, before, after) {
    if (!this.isConnected || !this.#lifetime || before === after) return;
    guarded(() => {
      if (name === this.constructor.subject) {
        this.stop();
        this.start();
      }
      this.update();
    });
  }

  /** Show what is known now, once, after the work that is under way. */
  update() {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      if (this.isConnected) guarded(() => this.render());
    });
  }

  render() {
    const view = this.view();
    this.shadowRoot.adoptedStyleSheets = view === null ? [styles(), hiddenStyles()] : [styles()];
    const theme = isDark() ? "root dark" : "root";
    const root = h("div", { class: `${theme} ${this.localName}`, lang: pageLanguage() }, view ?? []);
    patch(this.shadowRoot, [root]);
  }

  /** Tell the page around, when it has changed, what is shown. */
  announceState(detail) {
    if (JSON.stringify(detail) === JSON.stringify(this.#announced)) return;
    this.#announced = detail;
    this.dispatch(STATE_EVENT, detail);
  }

  /** A listener that comes late, such as that of a page which React hydrates, is told what is shown now. */
  addEventListener(type, ...more) {
    super.addEventListener(type, ...more);
    if (type !== STATE_EVENT || this.#announced === undefined) return;
    queueMicrotask(() => guarded(() => this.dispatch(STATE_EVENT, this.#announced)));
  }

  /** Tell the page around, once, that its user has to sign in. */
  announceSignIn(isSignedOut) {
    if (isSignedOut && !this.#wasSignedOut) this.dispatch(SIGN_IN_EVENT, {});
    this.#wasSignedOut = isSignedOut;
  }

  dispatch(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  // Properties that were set before this module had come hide the accessors of the class.
  #takeEarlierProperties() {
    for (const name of this.constructor.observedAttributes) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
  }
}

// Properties of the same names as the attributes, as frameworks set them.
function defineProperties(element) {
  const { subject, flags } = element;
  Object.defineProperty(element.prototype, subject, {
    get() {
      return this.getAttribute(subject) ?? "";
    },
    set(value) {
      if (value === null || value === undefined) this.removeAttribute(subject);
      else this.setAttribute(subject, value);
    },
  });
  for (const flag of flags) {
    Object.defineProperty(element.prototype, flag, {
      get() {
        return this.hasAttribute(flag);
      },
      set(value) {
        this.toggleAttribute(flag, Boolean(value));
      },
    });
  }
}

// A state as icon and word. `tone` names both the colour and the icon.
const sign = (tone, ...words) =>
  h("span", { class: `sign sign--${tone}` }, icon(tone), h("span", null, words));

const TONES = { synced: "ok", pending: "wait", conflict: "conflict", attention: "needs", unlinked: "still" };
const stateSign = (state) =>
  sign(TONES[state] ?? "still", TONES[state] ? t(`state.${state}`) : written(state));
