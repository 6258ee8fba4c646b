// What a page can do better with a script: ages that go on, times in the reader's own zone, keys, copying, and
// staying in place after a button. Pages work without it.
"use strict";
(() => {
  const main = document.getElementById("main");

  // --- times ------------------------------------------------------------------------------------------------

  // The server's clock, from its own word: this machine's may be wrong.
  let ahead = 0;
  const setClock = () => {
    const now = Date.parse(main.dataset.now ?? "");
    ahead = Number.isNaN(now) ? 0 : now - Date.now();
  };
  const now = () => Date.now() + ahead;

  // As reconciler.model.formatting.format_age writes it.
  const age = (moment) => {
    const seconds = Math.max(0, Math.floor((now() - moment) / 1000));
    for (const [size, unit] of [[86_400, "d"], [3_600, "h"], [60, "min"]]) {
      if (seconds >= 2 * size) return `${Math.floor(seconds / size)} ${unit} ago`;
    }
    return `${seconds} s ago`;
  };

  const form = (options) => new Intl.DateTimeFormat("en-GB", options);
  const CLOCK = form({ hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
  const DAY = form({
    year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
  const EXACT = form({ dateStyle: "medium", timeStyle: "long" });
  const isToday = (moment) => new Date(moment).toDateString() === new Date(now()).toDateString();

  const write = (time, text) => {
    if (time.textContent !== text) time.textContent = text;
  };
  const showTimes = () => {
    for (const time of document.querySelectorAll("time[datetime]")) {
      const moment = Date.parse(time.dateTime);
      if (Number.isNaN(moment)) continue;
      if (time.hasAttribute("data-ago")) write(time, age(moment));
      else if (time.hasAttribute("data-at")) write(time, (isToday(moment) ? CLOCK : DAY).format(moment));
      const exact = EXACT.format(moment);
      if (time.title !== exact) time.title = exact;
    }
  };
  const zone = document.getElementById("zone");
  if (zone) zone.textContent = `Times are in the zone ${Intl.DateTimeFormat().resolvedOptions().timeZone}; point at one for its exact moment.`;
  setClock();
  showTimes();
  setInterval(() => document.hidden || showTimes(), 1_000);
  document.addEventListener("refreshed", () => {
    setClock();
    showTimes();
  });

  // --- copying, asking --------------------------------------------------------------------------------------

  // A button that only works with a script is shown only by it.
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (navigator.clipboard) button.hidden = false;
  }
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    const source = button && document.getElementById(button.dataset.copy);
    if (!source) return;
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    button.querySelector("[data-said]").textContent = "Copied";
  });

  // All rows of a list at once.
  const showSelectors = () => {
    for (const each of document.querySelectorAll("[data-select-all]")) each.hidden = false;
  };
  showSelectors();
  document.addEventListener("refreshed", showSelectors);
  document.addEventListener("change", (event) => {
    const form = event.target.dataset?.selectAll && document.getElementById(event.target.dataset.selectAll);
    for (const each of form?.elements ?? []) if (each.type === "checkbox") each.checked = event.target.checked;
  });

  // What can't be undone is asked once more.
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.ask ?? event.target.dataset.ask;
    if (question && !confirm(question)) event.preventDefault();
    else if (event.target.method === "post") remember(event.target);
  });

  // --- staying in place -------------------------------------------------------------------------------------

  const KEPT = "pressed";
  const sectionOf = (element) => {
    while (element && element.parentElement !== main) element = element.parentElement;
    return element;
  };

  // Before a form goes: which part of the page it is in, and where that part stands on the screen.
  const remember = (pressed) => {
    const section = sectionOf(pressed);
    const name = section?.id || section?.querySelector("[id]")?.id;
    if (!name) return;
    const top = section.getBoundingClientRect().top;
    sessionStorage.setItem(KEPT, JSON.stringify({ path: location.pathname, name, top }));
  };

  // Afterwards: the outcome stands beside that part, and the part where it was.
  const returnToPlace = () => {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    sessionStorage.removeItem(KEPT);
    const message = main.querySelector(":scope > .said");
    if (!kept || kept.path !== location.pathname || !message) return;
    const section = sectionOf(document.getElementById(kept.name));
    if (!section || section.hidden) return;
    section.before(message);
    scrollTo(0, scrollY + section.getBoundingClientRect().top - kept.top);
    if (message.getBoundingClientRect().top < 0) message.scrollIntoView({ block: "nearest" });
  };
  returnToPlace();

  // --- keys -------------------------------------------------------------------------------------------------

  const keys = document.getElementById("keys");
  const on = document.getElementById("keys-on");
  const OFF = "no-keys";
  if (!keys || !on) return;
  on.checked = localStorage.getItem(OFF) === null;
  on.addEventListener("change", () => {
    if (on.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });
  const opener = document.getElementById("keys-open");
  opener.hidden = false;
  opener.addEventListener("click", () => keys.showModal());
  document.getElementById("keys-close").addEventListener("click", () => keys.close());
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input:not([type=checkbox]), select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !on.checked) return;
    if (event.key === "?") keys.showModal();
    else if (event.key === "/" && document.getElementById("q")) document.getElementById("q").focus();
    else return;
    event.preventDefault();
  });
})();
