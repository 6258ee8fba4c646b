// <bugspark-sync-report report="…">: one report on both sides: state, fields, comments, history, commands.

const HISTORY_LINES = 5;
const COMMENTS_SHOWN = 30;

const namesOf = (reports) => reports.map((each) => each.tracking_id).join(", ");

class ReportElement extends PanelElement {
  static subject = "report";
  #showsAllComments = false;

  path() {
    return `api/v1/reports/${this.subjectId}`;
  }

  start() {
    this.#showsAllComments = false;
    super.start();
  }

  answered(report) {
    this.announceState(stateDetail(report));
  }

  content(report) {
    return [
      this.#head(report),
      this.#buttons(report),
      report.fields.length > 0 && report.issue ? this.#fields(report) : null,
      this.#thread(report),
      this.#history(report),
      report.page ? h("p", { class: "more", key: "more" }, link(report.page, null, t("report.page"))) : null,
    ];
  }

  #head(report) {
    const { issue } = report;
    return h(
      "div",
      { key: "head", class: "head" },
      issue ? link(issue.url, { class: "badge mono" }, written(`${issue.repository}#${issue.number}`)) : null,
      stateSign(report.state),
      report.reason ? serverText(report.reason) : null,
      report.resolution ? this.#resolution(report.resolution) : null,
      report.followers?.length
        ? h("span", { class: "dim" }, t("report.followers", { names: written(namesOf(report.followers)) }))
        : null,
      issue
        ? h(
            "span",
            { class: "dim" },
            t("report.ages", { synced: when(report.synced_at), checked: when(report.verified_at) }),
          )
        : null,
    );
  }

  #resolution({ by, commit, at }) {
    const words = {
      by: by === null ? t("report.closed-by-unknown") : written(by),
      commit: commit ? h("code", null, written(commit.slice(0, 7))) : null,
      age: when(at),
    };
    return h("span", null, t(commit ? "report.closed-in" : "report.closed", words));
  }

  // --- commands ---------------------------------------------------------------------------------------------

  #command(key, more) {
    return { key, path: `${this.path()}/${key}`, words: t(`do.${key}`), ...more };
  }

  #buttons(report) {
    if (this.isReadonly || !report.may_change) return null;
    const may = (action) => report.actions.includes(action);
    return h(
      "div",
      { key: "buttons", class: "buttons" },
      may("retry") ? this.button(this.#command("retry", { kind: "main" })) : null,
      may("export") ? this.button(this.#command("export", { kind: "main" })) : null,
      may("unlink") ? this.button(this.#command("unlink", { ask: t("ask.unlink") })) : null,
      may("link") ? this.#linkForm() : null,
    );
  }

  #linkForm() {
    const onsubmit = (event) => {
      event.preventDefault();
      const { issue, backfill } = event.target.elements;
      const body = { issue: issue.value.trim(), backfill: backfill.checked };
      guarded(() => this.run(this.#command("link", { body })));
    };
    return h(
      "form",
      { key: "link", class: "link-form", onsubmit },
      h("label", { for: "issue" }, t("link.issue")),
      h("input", {
        id: "issue",
        name: "issue",
        required: true,
        maxlength: 300,
        autocomplete: "off",
        placeholder: "#12",
      }),
      h("label", null, h("input", { type: "checkbox", name: "backfill" }), " ", t("link.backfill")),
      h("button", { class: "button" }, t("do.link")),
      this.outcomeOf("link"),
    );
  }

  // --- fields -----------------------------------------------------------------------------------------------

  #fields(report) {
    const heads = ["field", "side.bugspark", "agreed", "side.github"];
    return section(
      "fields",
      t("report.fields"),
      h(
        "table",
        { role: "table" },
        h(
          "thead",
          { role: "rowgroup" },
          h(
            "tr",
            { role: "row" },
            heads.map((key) => h("th", { role: "columnheader", scope: "col" }, t(key))),
          ),
        ),
        h(
          "tbody",
          { role: "rowgroup" },
          report.fields.map((field) => this.#fieldRows(report, field)),
        ),
      ),
    );
  }

  #fieldRows(report, field) {
    const isOpen = Boolean(field.frozen || field.conflict);
    const cell = (key, value) =>
      h(
        "td",
        { role: "cell" },
        h("span", { "class": "cell-name", "aria-hidden": "true" }, t(key)),
        value === null || value === undefined ? h("span", { class: "dim" }, t("nothing")) : valueText(value),
      );
    const row = h(
      "tr",
      { role: "row", key: field.field, class: isOpen ? "differs" : "equal" },
      h("th", { role: "rowheader", scope: "row" }, fieldName(field.field)),
      cell("side.bugspark", field.bugspark),
      cell("agreed", field.agreed),
      cell("side.github", field.github),
    );
    return isOpen ? [row, this.#decisionRow(report, field)] : [row];
  }

  #decisionRow(report, field) {
    const why = field.frozen
      ? [sign("needs", t("field.frozen")), " ", serverText(field.frozen)]
      : [
          sign("conflict", t("state.conflict")),
          " ",
          t("field.lost", { value: valueText(field.conflict.lost), age: when(field.conflict.at) }),
        ];
    const may = report.may_change && report.actions.includes("resolve");
    const buttons = (may ? (field.choices ?? []) : []).map(({ take, value }) =>
      this.button({
        key: `resolve-${field.field}-${take}`,
        path: `${this.path()}/resolve`,
        body: { field: field.field, take },
        words: t(`take.${take}`, { value: valueText(value) }),
        label: t(`take.${take}.field`, {
          field: textOf(fieldName(field.field)),
          value: textOf(valueText(value)),
        }),
      }),
    );
    if (may && !field.frozen) {
      buttons.push(
        this.button({
          key: `dismiss-${field.field}`,
          path: `${this.path()}/dismiss`,
          body: { field: field.field },
          words: t("do.dismiss"),
          label: t("do.dismiss.field", { field: textOf(fieldName(field.field)) }),
        }),
      );
    }
    return h(
      "tr",
      { role: "row", key: `${field.field}?`, class: "decide" },
      h("td", { role: "cell", colspan: 4 }, h("div", { class: "decision" }, h("span", null, why), buttons)),
    );
  }

  // --- comments ---------------------------------------------------------------------------------------------

  #thread(report) {
    const { comments } = report;
    const hidden = this.#showsAllComments ? 0 : Math.max(0, comments.length - COMMENTS_SHOWN);
    const showAll = () => {
      this.#showsAllComments = true;
      this.update();
    };
    return section(
      "thread",
      t("comments", { count: comments.length }),
      hidden > 0
        ? h(
            "button",
            { type: "button", class: "button", key: "earlier", onclick: showAll },
            t("comments.earlier", { count: hidden }),
          )
        : null,
      comments.length === 0 ? h("p", { class: "dim" }, t("comments.none")) : null,
      h(
        "ol",
        null,
        comments.slice(hidden).map((comment) => this.#comment(comment)),
      ),
    );
  }

  #comment(comment) {
    const age = when(comment.created_at, "time-unknown");
    return h(
      "li",
      { key: comment.id, class: `comment comment--${comment.source === "github" ? "github" : "bugspark"}` },
      h(
        "div",
        { class: "comment-head" },
        sideSign(comment.source),
        h("strong", null, comment.author ? written(comment.author) : t("author.unknown")),
        comment.url ? link(comment.url, { class: "quiet" }, age) : age,
        copySign(comment.state),
      ),
      comment.text === null || comment.text === undefined
        ? h("p", { class: "dim" }, t("comment.no-text"))
        : h("p", { class: "written" }, h("bdi", null, visibleLines(comment.text))),
    );
  }

  // --- history ----------------------------------------------------------------------------------------------

  #history(report) {
    const lines = (report.history ?? []).slice(0, HISTORY_LINES);
    if (lines.length === 0) return null;
    return section(
      "history",
      t("report.history"),
      h(
        "ol",
        null,
        lines.map((line) => h("li", null, this.#historyLine(line))),
      ),
    );
  }

  #historyLine(line) {
    const change =
      line.to === null || line.to === undefined
        ? line.text && [": ", written(line.text)]
        : [": ", line.before ? [valueText(line.before), " → "] : null, valueText(line.to)];
    const parts = [
      [when(line.at), " ", line.side ? t(`to.${line.side}`) : null],
      [hasWord(`field.${line.what}`) ? fieldName(line.what) : serverText(line.what), change],
      line.by ? t("history.by", { name: written(line.by) }) : null,
      serverText(line.rule),
    ];
    return parts
      .filter(isShown)
      .map((part, index) => h("span", { class: index === 1 ? "" : "dim" }, index > 0 ? " · " : null, part));
  }
}

const fieldName = (name) => h("span", null, hasWord(`field.${name}`) ? t(`field.${name}`) : written(name));

const sideSign = (side) =>
  h(
    "span",
    { class: `sign side--${side === "github" ? "github" : "bugspark"}` },
    icon(side),
    h("span", null, t(`side.${side}`)),
  );

// The state of a comment's copy. The server's words are translated as far as they are known; a reason after
// the colon is a sentence of the server's.
const COPY_TONES = [
  ["needs", /withheld$|^refused|^not sent/u],
  ["wait", /^waiting/u],
  ["still", /^(deleted|hidden|original|not linked|known)/u],
];

function copySign(state) {
  const tone = COPY_TONES.find(([, pattern]) => pattern.test(state))?.[0] ?? "ok";
  const colon = state.indexOf(": ");
  const known = colon < 0 ? state : state.slice(0, colon);
  const words = hasWord(`copy.${known}`)
    ? [t(`copy.${known}`), colon < 0 ? null : [": ", serverText(state.slice(colon + 2))]]
    : serverText(state);
  return h("span", { class: "copy-state" }, sign(tone, words));
}
