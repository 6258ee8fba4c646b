// The everyday settings of a project, within <bugspark-sync-project>; its own page has all of them.

const LABELLED = {
  severity: ["critical", "high", "medium", "low"],
  category: ["ui", "performance", "crash"],
  stage: ["triaging", "in_progress"],
};
const DIRECTED = ["status", "stage", "severity", "category", "title", "comments"];
const DIRECTIONS = ["both", "to_github", "to_bugspark", "off"];
const REDACTIONS = ["on", "off", "auto"];

const membersOf = (name, members, more) => members.map((member) => ({ key: `${name}.${member}`, member, ...more }));
// In the order in which they are shown; a field with `words` is chosen, one that `isList` has a name a line.
const SETTING_GROUPS = [
  ...Object.entries(LABELLED).map(([name, members]) => ({
    name,
    fields: membersOf(name, members, { isList: true }),
  })),
  { name: "content", fields: [{ key: "private_prefix" }, { key: "redact", words: REDACTIONS }] },
  { name: "directions", fields: membersOf("directions", DIRECTED, { words: DIRECTIONS }) },
];
const SETTING_FIELDS = SETTING_GROUPS.flatMap((group) => group.fields);

const settingAt = (settings, key) => key.split(".").reduce((value, name) => value?.[name], settings);
const settingText = (value) => (Array.isArray(value) ? value.join("\n") : (value ?? ""));

function withSetting(settings, key, value) {
  const [name, member] = key.split(".");
  const next = { ...settings };
  if (member === undefined) next[name] = value;
  else next[name] = { ...next[name], [member]: value };
  if (value === undefined) {
    if (member !== undefined) delete next[name][member];
    if (member === undefined || Object.keys(next[name]).length === 0) delete next[name];
  }
  return next;
}

class SettingsForm {
  #path;
  #signal; // a function that returns the signal of the element's lifetime
  #changed; // called when something else is to be shown
  #loaded = undefined; // the answer that the fields were made from
  #latest = undefined; // the newest answer: what is typed is put into its settings
  #outcome = undefined; // {isDone, text, lang, key}
  #isBusy = false;

  constructor(path, signal, changed) {
    this.#path = path;
    this.#signal = signal;
    this.#changed = changed;
  }

  async load() {
    if (this.#loaded || this.#isBusy) return;
    await this.#during(async () => {
      this.#loaded = this.#latest = await this.#ask();
    });
  }

  view(page) {
    return h(
      "details",
      { key: "settings", class: "settings", ontoggle: ({ target }) => target.open && guarded(() => this.load()) },
      h("summary", null, t("project.settings")),
      this.#loaded ? this.#form(page) : h("p", { class: "dim" }, this.#note() ?? t("loading")),
    );
  }

  #form(page) {
    const save = (event) => {
      event.preventDefault();
      guarded(() => this.#save(event.target));
    };
    return h(
      "form",
      { class: "settings-form", onsubmit: save },
      h("p", { class: "dim" }, t("settings.why")),
      SETTING_GROUPS.map(({ name, fields }) =>
        h(
          "fieldset",
          { key: name },
          h("legend", null, t(hasWord(`field.${name}`) ? `field.${name}` : `settings.${name}`)),
          fields.map((field) => this.#field(field)),
        ),
      ),
      h(
        "div",
        { class: "buttons" },
        h("button", { "class": "button button--main", "aria-disabled": this.#isBusy || undefined }, t("settings.save")),
        page ? link(`${page}/settings`, null, t("settings.page")) : null,
        h("span", { role: "status" }, this.#note()),
      ),
    );
  }

  #field({ key, member, words, isList }) {
    const id = `setting-${key}`;
    const own = settingAt(this.#loaded.data.settings, key);
    const inForce = settingAt(this.#latest.data.effective, key);
    const isWrong = this.#outcome?.key === key;
    const props = {
      id,
      "name": key,
      "aria-describedby": `${id}-now`,
      "aria-invalid": isWrong ? "true" : undefined,
    };
    const shown = settingText(inForce).replaceAll("\n", ", ");
    return h(
      "div",
      { class: "setting", key },
      h("label", { for: id }, member ? this.#nameOf(key, member) : t(`settings.${key}`)),
      words
        ? h(
            "select",
            props,
            ["", ...words].map((word) =>
              h("option", { key: word, value: word, selected: word === (own ?? "") }, this.#wordText(word)),
            ),
          )
        : isList
          ? h("textarea", { ...props, rows: "2", spellcheck: "false" }, settingText(own))
          : h("input", { ...props, value: settingText(own), autocomplete: "off" }),
      h("span", { class: "dim", id: `${id}-now` }, t("settings.now", { value: shown ? written(shown) : t("nothing") })),
    );
  }

  #nameOf(key, member) {
    if (key.startsWith("directions.")) return t(hasWord(`field.${member}`) ? `field.${member}` : `settings.${member}`);
    return valueText(member);
  }

  #wordText(word) {
    return word === "" ? t("settings.operator") : t(`settings.word.${word}`);
  }

  #note() {
    const { isDone, text, lang } = this.#outcome ?? {};
    return text ? h("span", { lang }, sign(isDone ? "ok" : "failed", text)) : null;
  }

  // What was changed in the form, put into the newest settings: what others have changed stays.
  #typed(form) {
    let settings = this.#latest.data.settings;
    for (const { key, isList } of SETTING_FIELDS) {
      const text = form.elements.namedItem(key).value.trim();
      const own = settingAt(this.#loaded.data.settings, key);
      const names = text
        .split("\n")
        .map((name) => name.trim())
        .filter(Boolean);
      const value = isList ? names : text;
      if (text === settingText(own) || (text === "" && own?.length === 0)) continue;
      settings = withSetting(settings, key, text === "" ? undefined : value);
    }
    return settings;
  }

  async #save(form) {
    if (this.#isBusy) return;
    const body = this.#typed(form);
    await this.#during(async () => {
      try {
        const ifMatch = this.#latest.etag;
        this.#loaded = this.#latest = await send(this.#path, { method: "PUT", body, ifMatch, signal: this.#signal() });
        this.#outcome = { isDone: true, text: plain("settings.saved"), lang: pageLanguage() };
      } catch (error) {
        if (error.status === 412) this.#latest = await this.#ask();
        throw error;
      }
    });
  }

  #ask() {
    return send(this.#path, { signal: this.#signal() });
  }

  async #during(work) {
    this.#isBusy = true;
    this.#outcome = undefined;
    this.#changed();
    try {
      await work();
    } catch (error) {
      if (!(error instanceof AnswerError)) throw error;
      this.#outcome = error.detail
        ? { isDone: false, text: visibleLine(error.detail), lang: "en", key: error.key }
        : { isDone: false, text: plain(`problem.${error.problem}`), lang: pageLanguage() };
    } finally {
      this.#isBusy = false;
      this.#changed();
    }
  }
}
