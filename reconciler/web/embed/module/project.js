// <bugspark-sync-project project="…">: how a project is connected to GitHub, its webhook, its health.

const SECRET_SHOWN_SECONDS = 60;
const DELIVERIES_SHOWN = 10;
const TOKEN_TONES = { sealed: "ok", plain: "needs", app: "ok", unreadable: "failed" };
const CONTENT_TYPE = "application/json";
const HEALTH_TONES = {
  "Synced": "ok",
  "Waiting": "wait",
  "Conflict": "conflict",
  "Needs attention": "needs",
  "Failed": "failed",
  "Paused": "paused",
};

class ProjectElement extends PanelElement {
  static subject = "project";
  #webhook = undefined; // the feed of the project's webhook
  #webhookPath = undefined;
  #secret = undefined;
  #secretTimer = undefined;
  #copied = undefined; // the key of what was copied last
  #settings = undefined; // the form of the project's own settings

  path() {
    return `api/v1/projects/${this.subjectId}`;
  }

  start() {
    super.start();
    this.#webhookPath = `${this.path()}/webhook`;
    this.#webhook = this.subjectId ? watchFeed(this.#webhookPath, this.changed) : undefined;
    const path = `${this.path()}/settings`;
    this.#settings = new SettingsForm(path, () => this.lifetime, () => this.update());
  }

  stop() {
    super.stop();
    if (this.#webhook) releaseFeed(this.#webhookPath, this.changed);
    this.#webhook = undefined;
    this.#hideSecret();
  }

  refresh() {
    super.refresh();
    this.#webhook?.refresh();
  }

  content(project) {
    const webhook = this.#webhook?.data;
    return [
      this.#head(project),
      this.#buttons(project),
      this.#problems(project),
      this.#health(project),
      webhook
        ? [this.#connection(webhook), this.#setup(project, webhook), this.#deliveries(project, webhook)]
        : null,
      project.may_change && !this.isReadonly ? this.#settings.view(project.page) : null,
      project.page
        ? h("p", { class: "more", key: "more" }, link(project.page, null, t("project.page")))
        : null,
    ];
  }

  #command(key, more) {
    return { key, path: `${this.path()}/${key}`, words: t(`do.${key}`), ...more };
  }

  #head(project) {
    const { state, reason } = project.health;
    const words = hasWord(`health.${state}`) ? t(`health.${state}`) : serverText(state);
    return h(
      "div",
      { key: "head", class: "head" },
      project.repository ? h("span", { class: "badge mono" }, written(project.repository)) : null,
      sign(HEALTH_TONES[state] ?? "still", words),
      reason ? serverText(reason) : null,
    );
  }

  #buttons(project) {
    if (this.isReadonly || !project.may_change) return null;
    return h(
      "div",
      { key: "buttons", class: "buttons" },
      this.button(this.#command("sync", { kind: "main" })),
      this.button(this.#command("verify")),
      project.paused ? this.button(this.#command("resume")) : this.button(this.#command("pause")),
    );
  }

  // --- health and problems ----------------------------------------------------------------------------------

  #problems(project) {
    const { withheld } = project.health;
    const problems = project.problems ?? [];
    if (!withheld && problems.length === 0) return null;
    return section(
      "problems",
      t("state.attention"),
      h(
        "ul",
        null,
        withheld
          ? h(
              "li",
              { key: "withheld" },
              sign("needs", t("withheld", { count: withheld })),
              " ",
              project.page ? link(`${project.page}#needs`, null, t("withheld.see")) : null,
            )
          : null,
        problems.map((problem) => this.#problem(problem)),
      ),
    );
  }

  #problem(problem) {
    return h(
      "li",
      { key: `${problem.report} ${problem.what} ${problem.issue}` },
      problem.tracking_id ? h("strong", { class: "mono" }, written(problem.tracking_id)) : null,
      problem.issue ? [" ", h("span", { class: "mono" }, written(problem.issue))] : null,
      ": ",
      serverText(problem.what),
      problem.reason ? h("span", { class: "dim" }, " ", serverText(problem.reason)) : null,
    );
  }

  #health({ health, links }) {
    const { verified } = health;
    return section(
      "health",
      t("project.health"),
      facts([
        ["last-synced", when(health.last_success_at)],
        ["last-check", t("checked-links", { links: verified.links, count: verified.of })],
        ["pending-writes", health.pending.toLocaleString(pageLanguage())],
        [
          "links",
          Object.keys(TONES)
            .filter((state) => links[state])
            .map((state) => [
              sign(TONES[state], links[state].toLocaleString(pageLanguage()), " ", t(`state.${state}`)),
              " ",
            ]),
        ],
      ]),
    );
  }

  // --- repository, token, webhook ---------------------------------------------------------------------------

  #connection({ repository, repository_url: url, credential }) {
    const token = credential.kind ?? "unreadable";
    return section(
      "connection",
      t("project.connection"),
      facts([
        ["repository", repository ? link(url, { class: "mono" }, written(repository)) : t("nothing")],
        ["token", hasWord(`token.${token}`) ? sign(TOKEN_TONES[token], t(`token.${token}`)) : written(token)],
        ["token.problem", serverText(credential.problem)],
        ["writes-as", credential.account ? written(`@${credential.account}`) : undefined],
        ["last-write", when(credential.last_write_at)],
      ]),
    );
  }

  #setup(project, webhook) {
    const mayChange = project.may_change && !this.isReadonly;
    return section(
      "webhook",
      t("project.webhook"),
      facts([
        [
          "payload-url",
          webhook.url
            ? [h("code", null, written(webhook.url)), this.#copyButton("payload-url", webhook.url)]
            : t("payload-url.none"),
        ],
        ["content-type", h("code", null, CONTENT_TYPE)],
        ["secret", mayChange ? this.#secretFact(webhook) : undefined],
        ["events", webhook.events.map((event) => [h("code", { key: event }, event), " "])],
      ]),
      mayChange && webhook.url
        ? h(
            "div",
            { class: "buttons" },
            this.button(
              this.#command("webhook/create", {
                kind: webhook.deliveries.length === 0 ? "main" : "",
                words: t(webhook.hook_id ? "do.repair" : "do.create"),
              }),
            ),
            this.button(this.#command("webhook/test", { words: t("do.test") })),
          )
        : null,
      mayChange
        ? h("details", { key: "steps" }, h("summary", null, t("project.steps")), this.#steps(webhook))
        : null,
    );
  }

  #steps(webhook) {
    const url = webhook.settings_url;
    const steps = [
      t("step.open", {
        page: url ? link(url, null, t("step.open.page")) : h("span", null, t("step.open.page")),
      }),
      t("step.url", {
        url: webhook.url ? h("code", null, written(webhook.url)) : h("span", null, t("payload-url.none")),
      }),
      t("step.content-type", { type: h("code", null, CONTENT_TYPE) }),
      t("step.secret"),
      t("step.events"),
      t("step.add"),
    ];
    return h(
      "ol",
      { class: "steps" },
      steps.map((step) => h("li", null, step)),
    );
  }

  #secretFact(webhook) {
    const reveal = this.#command("webhook/reveal", {
      words: t(webhook.has_secret ? "do.reveal" : "do.generate"),
      done: (data) => this.#showSecret(data.secret),
    });
    const rotate = this.#command("webhook/rotate", {
      words: t("do.rotate"),
      ask: t("ask.rotate"),
      done: () => this.#hideSecret(),
    });
    return [
      this.#secret === undefined
        ? [
            h("span", { "aria-hidden": "true", "key": "dots", "class": "dim" }, "••••••••"),
            this.button(reveal),
          ]
        : [
            h("code", { key: "secret", class: "secret" }, this.#secret),
            this.#copyButton("secret", this.#secret),
            h(
              "button",
              { key: "hide", type: "button", class: "button", onclick: () => this.#hideSecret() },
              t("do.hide"),
            ),
          ],
      webhook.has_secret ? this.button(rotate) : null,
      webhook.previous_secret_until
        ? h(
            "p",
            { class: "dim", key: "previous" },
            t("secret.previous", { time: exactTime(webhook.previous_secret_until) }),
          )
        : null,
    ];
  }

  #showSecret(secret) {
    this.#hideSecret();
    this.#secret = secret;
    this.#secretTimer = setTimeout(() => this.#hideSecret(), SECRET_SHOWN_SECONDS * 1000);
  }

  #hideSecret() {
    clearTimeout(this.#secretTimer);
    this.#secret = this.#copied = undefined;
    this.update();
  }

  #copyButton(key, text) {
    const copy = async () => {
      await navigator.clipboard.writeText(text);
      this.#copied = key;
      this.update();
    };
    if (!navigator.clipboard) return null;
    const words = this.#copied === key ? t("copied") : t("do.copy");
    const label = [plain(this.#copied === key ? "copied" : "do.copy"), plain(key)].join(": ");
    return h(
      "button",
      {
        "key": `copy-${key}`,
        "type": "button",
        "class": "button",
        "aria-label": label,
        "onclick": () => guarded(copy),
      },
      words,
    );
  }

  #deliveries({ webhook: hook }, { deliveries }) {
    const heads = ["delivery.received", "delivery.event", "delivery.issue", "delivery.outcome"];
    return section(
      "deliveries",
      t("project.deliveries"),
      h("p", null, this.#deliveryStatus(hook)),
      deliveries.length === 0
        ? null
        : h(
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
              deliveries.slice(0, DELIVERIES_SHOWN).map((delivery) => this.#delivery(delivery)),
            ),
          ),
    );
  }

  #deliveryStatus(hook) {
    if (hook.silent_since)
      return [
        sign("needs", t("hook.silent", { time: exactTime(hook.silent_since) })),
        " ",
        t("hook.silent.why"),
      ];
    if (!hook.last_delivery) return [sign("wait", t("hook.none")), " ", t("hook.none.why")];
    return sign("ok", t("hook.received", { age: when(hook.last_delivery.at), count: hook.received }));
  }

  #delivery(delivery) {
    const cell = (key, ...shown) =>
      h(
        "td",
        { role: "cell" },
        h("span", { "class": "cell-name", "aria-hidden": "true" }, t(key)),
        h("span", null, shown),
      );
    const outcome = delivery.processed_at ? "processed" : delivery.number ? "waits" : "accepted";
    return h(
      "tr",
      { role: "row", key: delivery.id },
      cell("delivery.received", when(delivery.at)),
      cell(
        "delivery.event",
        h("code", null, written([delivery.event, delivery.action].filter(Boolean).join(" · "))),
      ),
      cell(
        "delivery.issue",
        delivery.number
          ? h("span", { class: "mono" }, `#${delivery.number}`)
          : h("span", { class: "dim" }, "–"),
      ),
      cell("delivery.outcome", sign(outcome === "waits" ? "wait" : "ok", t(`delivery.${outcome}`))),
    );
  }
}
