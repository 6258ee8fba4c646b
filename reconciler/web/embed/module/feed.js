// Answers of the server, asked for again while somebody looks at them.

const REFRESH_SECONDS = 20;
const JITTER = 0.2; // of the interval, so that many pages do not ask at the same moment: 16 to 24 s
const SLOWEST_SECONDS = 300;
const ANSWER_SECONDS = 20;
const KEPT_SECONDS = 30; // an element that is moved within the page finds its answer again
const OLD_SECONDS = 60;
const IDS_PER_REQUEST = 150; // the server takes 200; proxies may refuse addresses over 8,192 bytes
const COLLECT_MILLISECONDS = 30;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iu;

const Problem = Object.freeze({
  SIGNED_OUT: "signed-out",
  NOT_FOUND: "not-found",
  OFFLINE: "offline", // or refused by CORS: the browser does not tell which
  FAILED: "failed",
});

class AnswerError extends Error {
  constructor(problem, { status = 0, detail = "", key = "", retryAfter = 0 } = {}) {
    super(detail || problem);
    Object.assign(this, { problem, status, detail, key, retryAfter });
  }
}

// Send one request and return `{etag, data}`; data is undefined for 304. Rejects with AnswerError, or with
// AbortError when `signal` is aborted.
async function send(path, { body, etag, ifMatch, method, signal } = {}) {
  const headers = { "accept": "application/json", "accept-language": pageLanguage() };
  if (etag) headers["if-none-match"] = etag;
  if (ifMatch) headers["if-match"] = ifMatch;
  if (body !== undefined) headers["content-type"] = "application/json";
  const answer = await fetchInTime(
    new URL(path, SERVER),
    {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "include",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "origin",
    },
    signal,
  );
  if (answer.status === 304) return { etag, data: undefined };
  const data = await answer.json().catch(() => ({}));
  if (answer.ok) return { etag: answer.headers.get("etag") ?? undefined, data };
  throw new AnswerError(problemOf(answer.status), {
    status: answer.status,
    detail: typeof data?.detail === "string" ? data.detail : "",
    key: typeof data?.key === "string" ? data.key : "",
    retryAfter: Number(answer.headers.get("retry-after")) || 0,
  });
}

const problemOf = (status) =>
  status === 401 ? Problem.SIGNED_OUT : status === 404 ? Problem.NOT_FOUND : Problem.FAILED;

async function fetchInTime(url, options, signal) {
  const limit = new AbortController();
  const stop = () => limit.abort();
  const timer = setTimeout(stop, ANSWER_SECONDS * 1000);
  signal?.addEventListener("abort", stop);
  try {
    return await fetch(url, { ...options, signal: limit.signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new AnswerError(Problem.OFFLINE);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

// One answer and who shows it. `load(etag, signal)` returns the next `{etag, data}`, without data if it is the
// same as before.
class Feed {
  data = undefined;
  problem = undefined;
  detail = "";
  answeredAt = 0; // milliseconds; when `data` was last known to be true
  #etag = undefined;
  #load;
  #watchers = new Set();
  #request = undefined;
  #timer = undefined;
  #failures = 0;

  constructor(load) {
    this.#load = load;
  }

  get isWatched() {
    return this.#watchers.size > 0;
  }

  get isOld() {
    return this.answeredAt > 0 && Date.now() - this.answeredAt > OLD_SECONDS * 1000;
  }

  /** Call `watcher` after each answer or failure. Return whether it is the first one. */
  watch(watcher) {
    this.#watchers.add(watcher);
    if (this.#watchers.size > 1) return false;
    document.addEventListener("visibilitychange", this.#onVisibility);
    addEventListener("focus", this.#onFocus);
    addEventListener("online", this.#onFocus);
    return true;
  }

  unwatch(watcher) {
    this.#watchers.delete(watcher);
    if (this.isWatched) return;
    document.removeEventListener("visibilitychange", this.#onVisibility);
    removeEventListener("focus", this.#onFocus);
    removeEventListener("online", this.#onFocus);
    this.#stop();
  }

  /** Ask now; a request that is under way is given up. */
  async refresh() {
    this.#stop();
    if (!this.isWatched) return;
    const request = (this.#request = new AbortController());
    let retryAfter = 0;
    try {
      const answer = await this.#load(this.#etag, request.signal);
      if (this.#request !== request) return;
      if (answer.data !== undefined) this.data = answer.data;
      this.#etag = answer.etag;
      this.answeredAt = Date.now();
      this.problem = undefined;
      this.#failures = 0;
    } catch (error) {
      if (this.#request !== request) return; // given up
      this.#fail(error);
      retryAfter = error.retryAfter ?? 0;
    }
    this.#request = undefined;
    this.#plan(retryAfter);
    for (const watcher of this.#watchers) guarded(() => watcher());
  }

  #fail(error) {
    if (!(error instanceof AnswerError)) tellError(error);
    this.problem = error.problem ?? Problem.FAILED;
    this.detail = error.detail ?? "";
    this.#failures += 1;
    if (this.problem === Problem.NOT_FOUND) {
      this.data = undefined; // it is no more, or no more theirs
      this.#etag = undefined;
    }
  }

  #plan(retryAfter) {
    if (document.hidden || this.problem === Problem.SIGNED_OUT) return; // asked again on focus
    const usual = REFRESH_SECONDS * (1 - JITTER + 2 * JITTER * Math.random());
    const slower = Math.min(usual * 2 ** Math.min(this.#failures, 8), SLOWEST_SECONDS);
    this.#timer = setTimeout(() => this.refresh(), Math.max(slower, retryAfter) * 1000);
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = undefined;
  }

  #onVisibility = () => {
    if (document.hidden) this.#stop();
    else this.refresh();
  };

  #onFocus = () => {
    if (this.problem !== undefined && !document.hidden && this.#request === undefined) this.refresh();
  };
}

// --- the feeds of a page ----------------------------------------------------------------------------------

const feeds = new Map();

// The feed of one address, shared by all elements that show it; it is asked at once by the first of them.
function watchFeed(path, watcher) {
  const feed = feeds.get(path) ?? new Feed((etag, signal) => send(path, { etag, signal }));
  feeds.set(path, feed);
  if (feed.watch(watcher)) feed.refresh();
  return feed;
}

function releaseFeed(path, watcher) {
  const feed = feeds.get(path);
  feed?.unwatch(watcher);
  setTimeout(() => feeds.get(path) === feed && !feed?.isWatched && feeds.delete(path), KEPT_SECONDS * 1000);
}

// The states of all badges of a page, asked for together.
const badgeFeed = {
  ids: new Map(), // watcher → report id
  answers: new Map(), // path → {etag, data}
  timer: undefined,
  feed: new Feed((_, signal) => badgeFeed.load(signal)),

  add(watcher, id) {
    this.ids.set(watcher, id.toLowerCase());
    this.feed.watch(watcher);
    if (this.reportOf(id) === undefined) this.askSoon();
  },

  remove(watcher) {
    this.ids.delete(watcher);
    this.feed.unwatch(watcher);
  },

  isFirst(watcher) {
    return this.ids.keys().next().value === watcher;
  },

  reportOf(id) {
    return this.feed.data?.get(id.toLowerCase());
  },

  // Badges come one by one while the page is built: one request for all of them.
  askSoon() {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.feed.refresh();
    }, COLLECT_MILLISECONDS);
  },

  async load(signal) {
    const ids = [...new Set(this.ids.values())];
    const paths = [];
    for (let at = 0; at < ids.length; at += IDS_PER_REQUEST) {
      paths.push(`api/v1/reports?ids=${ids.slice(at, at + IDS_PER_REQUEST).join(",")}`);
    }
    const answers = await Promise.all(paths.map((path) => this.ask(path, signal)));
    this.answers = new Map(paths.map((path, index) => [path, answers[index]]));
    const reports = answers.flatMap((answer) => answer.data.reports);
    return { data: new Map(reports.map((report) => [report.id, report])) };
  },

  async ask(path, signal) {
    const before = this.answers.get(path);
    const answer = await send(path, { etag: before?.etag, signal });
    return answer.data === undefined ? before : answer;
  },
};
