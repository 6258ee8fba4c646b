// All words for people. A further language is set from outside by `addLanguage`; what it leaves out is English.
// Sentences of the server (reasons, outcomes of commands) are shown as they come, marked as English.

const DEFAULT_LANGUAGE = "en";
// Shared by all copies of this module on a page: a second import adds its languages to the same tables.
const shared = (globalThis[Symbol.for("bugspark-sync")] ??= { tables: new Map(), listeners: new Set() });
if (shared.tables.size === 0) {
  addLanguage(DEFAULT_LANGUAGE, ENGLISH);
  addLanguage("zh-HK", CHINESE_HK);
}

/** Add a language, or words to one: `addLanguage("fr", {"state.synced": "Synchronisé"})`. */
export function addLanguage(tag, words) {
  const name = String(tag);
  shared.tables.set(name, { ...shared.tables.get(name), ...words });
  for (const listener of shared.listeners) listener();
}

// The table of `<html lang>`: the same tag, else one of the same language, else English.
function languageOf(tag) {
  const wanted = tag.toLowerCase();
  const language = wanted.split("-")[0];
  const find = (fits) => [...shared.tables.keys()].find((each) => fits(each.toLowerCase()));
  return (
    find((each) => each === wanted) ??
    find((each) => each === language) ??
    find((each) => each.split("-")[0] === language) ??
    DEFAULT_LANGUAGE
  );
}

const pageLanguage = () => languageOf(document.documentElement.lang || DEFAULT_LANGUAGE);

function entry(key) {
  const own = shared.tables.get(pageLanguage())?.[key];
  return own ?? shared.tables.get(DEFAULT_LANGUAGE)[key] ?? key;
}

const hasWord = (key) => shared.tables.get(DEFAULT_LANGUAGE)[key] !== undefined;

// The text of `key` as a list of strings and nodes. A value for `{name}` is text or a node; an entry with the
// forms of Intl.PluralRules is chosen by `values.count`.
function t(key, values = {}) {
  const found = entry(key);
  const form =
    typeof found === "object" ? new Intl.PluralRules(pageLanguage()).select(values.count) : undefined;
  const text = form === undefined ? found : (found[form] ?? found.other);
  return text.split(/(\{\w+\})/u).map((part) => {
    const name = /^\{(\w+)\}$/u.exec(part)?.[1];
    if (name === undefined || !(name in values)) return part;
    return typeof values[name] === "number" ? values[name].toLocaleString(pageLanguage()) : values[name];
  });
}

// The same for attributes, which take text only.
const textOf = (parts) =>
  [parts]
    .flat(Infinity)
    .map((part) => (part && typeof part === "object" ? textOf(part.children) : (part ?? "")))
    .join("");
const plain = (key, values) => textOf(t(key, values));

// A value of BugSpark or GitHub such as `in_progress`: in the page's language where it is known.
const valueText = (value) => {
  const key = `value.${value}`;
  return hasWord(key) ? h("span", null, t(key)) : written(String(value).replaceAll("_", " "));
};

// --- times ------------------------------------------------------------------------------------------------

const STEPS = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 30],
  ["month", 12],
  ["year", Infinity],
];

function ageText(moment, now) {
  let amount = Math.max(0, Math.round((now - moment) / 1000));
  for (const [unit, size] of STEPS) {
    if (amount < size) {
      const format = new Intl.RelativeTimeFormat(pageLanguage(), { numeric: "always", style: "short" });
      return format.format(-amount, unit);
    }
    amount = Math.floor(amount / size);
  }
  return "";
}

const exactText = (moment) =>
  new Intl.DateTimeFormat(pageLanguage(), {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
  }).format(moment);

const clockText = (moment) =>
  new Intl.DateTimeFormat(pageLanguage(), { hour: "2-digit", minute: "2-digit" }).format(moment);

const timeProps = (moment) => ({ datetime: new Date(moment).toISOString(), title: exactText(moment) });

// `3 min. ago`, exactly on hover. `given`: an ISO time, milliseconds, or nothing.
function when(given, otherwise = "never") {
  const moment = new Date(given ?? NaN).valueOf();
  if (Number.isNaN(moment)) return h("span", { class: "dim" }, t(otherwise));
  return h("time", timeProps(moment), ageText(moment, Date.now()));
}

const exactTime = (given) => {
  const moment = new Date(given).valueOf();
  return Number.isNaN(moment) ? null : h("time", timeProps(moment), exactText(moment));
};
