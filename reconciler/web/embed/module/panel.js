// What <bugspark-sync-report> and <bugspark-sync-project> have in common: one answer of the server, its
// problems, and commands with their questions and outcomes.

class PanelElement extends SyncElement {
  static flags = ["readonly"];
  #path = undefined;
  #running = undefined; // the key of the command under way
  #question = undefined; // the key of the command that waits for a "yes"
  #outcome = undefined; // of the last command: {key, isDone, text, lang}
  #isOutcomeShown = false; // beside its button, while this is rendered
  #focusNext = undefined; // a selector: what was focused is gone after the next rendering
  feed = undefined;

  start() {
    this.#running = this.#question = this.#outcome = undefined;
    this.#path = this.subjectId ? this.path() : undefined;
    this.feed = this.#path && watchFeed(this.#path, this.changed);
  }

  stop() {
    if (this.#path) releaseFeed(this.#path, this.changed);
    this.feed = undefined;
  }

  changed = () => {
    const { feed } = this;
    if (!feed) return;
    this.announceSignIn(feed.problem === Problem.SIGNED_OUT);
    if (feed.data) this.answered(feed.data);
    this.update();
  };

  /** Called with each answer of the server. */
  answered() {}

  /** Ask the server again now, after the host has signed its user in, for example. */
  refresh() {
    this.feed?.refresh();
  }

  get isReadonly() {
    return this.hasAttribute("readonly");
  }

  render() {
    super.render();
    if (this.#focusNext === undefined) return;
    this.shadowRoot.querySelector(this.#focusNext)?.focus();
    this.#focusNext = undefined;
  }

  view() {
    const { feed } = this;
    if (!feed || feed.problem === Problem.NOT_FOUND)
      return [this.#emptyNote("problem.not-found", "not-found.why")];
    if (feed.data) return this.#contentWithNotes(feed);
    if (feed.problem === undefined) return [h("p", { "class": "dim", "aria-busy": "true" }, t("loading"))];
    return [this.#emptyNote(problemKey(feed), `${problemKey(feed)}.why`)];
  }

  #contentWithNotes(feed) {
    this.#isOutcomeShown = false;
    const content = this.content(feed.data);
    const outcome = this.#outcome;
    return [
      this.#ageNote(feed),
      outcome && !this.#isOutcomeShown ? h("div", { key: "outcome" }, this.outcomeOf(outcome.key)) : null,
      content,
      h("div", { role: "status", class: "only-heard", key: "heard", lang: outcome?.lang }, outcome?.text),
    ];
  }

  #emptyNote(title, why) {
    return h(
      "div",
      { class: "note", role: "status" },
      sign(title === "problem.not-found" ? "still" : "old", t(title)),
      h("p", { class: "dim" }, t(why)),
      title === "problem.not-found" ? null : this.#tryAgainButton(),
    );
  }

  // Something is shown, and it may not be true any more.
  #ageNote(feed) {
    if (feed.problem === undefined && !feed.isOld) return h("div", { role: "status", key: "age" });
    return h(
      "div",
      { role: "status", key: "age", class: "note" },
      sign("old", t(problemKey(feed))),
      h("span", null, t("not-updating-since", this.#times(feed.answeredAt))),
      this.#tryAgainButton(),
    );
  }

  #times(moment) {
    const props = timeProps(moment);
    return { time: h("time", props, clockText(moment)), age: h("time", props, ageText(moment, Date.now())) };
  }

  #tryAgainButton() {
    return h("button", { type: "button", class: "button", onclick: () => this.refresh() }, t("try-again"));
  }

  // --- commands ---------------------------------------------------------------------------------------------

  /** A button for a command: {key, path, body, words, label, ask, kind}. `ask` is a question to answer first. */
  button(command) {
    if (this.isReadonly) return null;
    if (this.#question === command.key) return this.#questionGroup(command);
    const isRunning = this.#running !== undefined;
    const props = {
      "key": command.key,
      "type": "button",
      "class": `button ${command.kind ? `button--${command.kind}` : ""}`,
      "data-key": command.key,
      "aria-label": command.label && textOf(command.label),
      "aria-disabled": isRunning ? "true" : undefined,
      "onclick": () => (command.ask ? this.#ask(command) : guarded(() => this.run(command))),
    };
    const words = this.#running === command.key ? t("working") : command.words;
    return [h("button", props, words), this.outcomeOf(command.key)];
  }

  /** What became of the last command, if it was this one. It is beside its button, or above where that is gone. */
  outcomeOf(key) {
    const outcome = this.#outcome;
    if (outcome?.key !== key) return null;
    this.#isOutcomeShown = true;
    const props = { "key": `${key}!`, "lang": outcome.lang, "aria-hidden": "true" };
    return h("span", props, sign(outcome.isDone ? "ok" : "failed", outcome.text));
  }

  #questionGroup(command) {
    const id = `ask-${command.key}`;
    const cancel = () => this.#cancel(command);
    return h(
      "span",
      {
        "key": `${command.key}?`,
        "class": "question",
        "role": "group",
        "aria-labelledby": id,
        "onkeydown": (event) => event.key === "Escape" && cancel(),
      },
      h("span", { id }, command.ask),
      h(
        "button",
        { type: "button", class: "button button--danger", onclick: () => guarded(() => this.run(command)) },
        command.words,
      ),
      h(
        "button",
        { "type": "button", "class": "button", "data-cancel": true, "onclick": cancel },
        t("cancel"),
      ),
    );
  }

  #ask(command) {
    if (this.#running !== undefined) return;
    this.#question = command.key;
    this.#focusNext = "[data-cancel]";
    this.update();
  }

  #cancel(command) {
    this.#question = undefined;
    this.#focusNext = `[data-key="${command.key}"]`;
    this.update();
  }

  /** Send a command and show its outcome; `command.done` gets the answer. */
  async run(command) {
    if (this.#running !== undefined || this.isReadonly) return;
    if (this.#question === command.key) this.#focusNext = `[data-key="${command.key}"]`;
    this.#running = command.key;
    this.#question = this.#outcome = undefined;
    this.update();
    const { lifetime, subjectId } = this;
    const outcome = await this.#send(command, lifetime);
    if (lifetime.aborted || subjectId !== this.subjectId) return;
    this.#running = undefined;
    this.#outcome = outcome;
    this.dispatch(ACTION_EVENT, { action: command.key, isDone: outcome.isDone, message: outcome.text });
    this.update();
    this.refresh();
  }

  async #send(command, signal) {
    try {
      const { data } = await send(command.path, { body: command.body ?? {}, signal });
      command.done?.(data);
      return { key: command.key, isDone: true, text: visibleLine(data.message ?? ""), lang: "en" };
    } catch (error) {
      if (!(error instanceof AnswerError) && !signal.aborted) tellError(error);
      this.announceSignIn(error.problem === Problem.SIGNED_OUT);
      const failed = { key: command.key, isDone: false };
      if (error.detail) return { ...failed, text: visibleLine(error.detail), lang: "en" };
      return { ...failed, text: plain(`problem.${error.problem ?? Problem.FAILED}`), lang: pageLanguage() };
    }
  }
}

const section = (name, title, ...children) =>
  h(
    "section",
    { "key": name, "class": name, "aria-labelledby": `${name}-title` },
    h("h3", { id: `${name}-title` }, title),
    children,
  );

// A list of facts: [key of the word, shown value]; an absent value leaves its row out.
const facts = (rows) =>
  h(
    "dl",
    { class: "facts" },
    rows
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([key, value]) => h("div", { key }, h("dt", null, t(key)), h("dd", null, value))),
  );
