// Keeps a page fresh: asks for the same address again and puts what changed in its place.
// Pages work without this script; with it they refresh themselves. It does nothing else.
"use strict";
(() => {
  const main = document.querySelector("main[data-every]");
  const parts = () => [...document.querySelectorAll("[data-live][id]")];
  const LONGEST = 60_000;
  const shown = new Map(parts().map((part) => [part.id, part.innerHTML]));
  let failed = 0;
  let timer;
  let asked;

  // The reader's own zone, where a moment is shown exactly.
  const local = (within) => {
    for (const time of within.querySelectorAll("time[datetime]")) {
      const moment = new Date(time.dateTime);
      if (!Number.isNaN(moment.valueOf())) time.title = moment.toLocaleString();
    }
  };

  // Somebody is at work in it: typing, choosing, marking text to copy it.
  const busy = (part) => {
    const [active, marked] = [document.activeElement, getSelection()];
    if (part.contains(active) && active.matches("input, select, textarea")) return true;
    return Boolean(marked && !marked.isCollapsed && part.contains(marked.anchorNode));
  };

  const reachable = (part) => [...part.querySelectorAll("a[href], button, summary, input, select")];

  const opened = (part) =>
    new Set([...part.querySelectorAll("details[open][id]")].map((each) => each.id));

  const values = (part) =>
    new Map([...part.querySelectorAll("[data-value]")].map((each) => [each.dataset.value, each.textContent]));

  const swap = (part, fresh) => {
    if (busy(part) || shown.get(part.id) === fresh.innerHTML) return;
    shown.set(part.id, fresh.innerHTML);
    const [open, before] = [opened(part), values(part)];
    const focused = reachable(part).indexOf(document.activeElement);
    const height = part.offsetHeight;
    for (const each of fresh.querySelectorAll("details[id]")) each.open ||= open.has(each.id);
    const placed = document.importNode(fresh, true);
    placed.style.minHeight = `${height}px`; // what is below does not jump up
    part.replaceWith(placed);
    local(placed);
    for (const each of placed.querySelectorAll("[data-value]")) {
      const was = before.get(each.dataset.value);
      if (was !== undefined && was !== each.textContent) each.classList.add("changed");
    }
    if (focused >= 0) reachable(placed)[focused]?.focus({ preventScroll: true });
    placed.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
  };

  const ids = (within) => [...within.querySelectorAll("[data-live][id]")].map((each) => each.id).join();

  // Other parts than before: the first project has come, say. What was said about a form stays.
  const replaceAll = (fresh) => {
    if (busy(main)) return;
    const said = main.querySelector(":scope > .said");
    main.replaceChildren(...(said ? [said] : []), ...document.importNode(fresh, true).childNodes);
    shown.clear();
    for (const part of parts()) shown.set(part.id, part.innerHTML);
    local(main);
  };

  const refresh = async () => {
    asked = new AbortController();
    const answer = await fetch(location.href, {
      headers: { Accept: "text/html", "X-Live": "1" },
      credentials: "same-origin",
      signal: asked.signal,
    });
    if (answer.redirected || answer.status === 401) return location.reload(); // signed out
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main");
    if (fresh && ids(fresh) !== ids(main)) return replaceAll(fresh);
    for (const part of parts()) {
      const fresh = page.getElementById(part.id);
      if (fresh) swap(part, fresh);
    }
  };

  const again = () => {
    clearTimeout(timer);
    const every = Number(main.dataset.every) * 1000;
    if (!document.hidden) timer = setTimeout(look, Math.min(every * 2 ** failed, Math.max(every, LONGEST)));
  };

  const look = async () => {
    try {
      await refresh();
      failed = 0;
    } catch (error) {
      if (error.name !== "AbortError") failed += 1;
    }
    document.body.classList.toggle("stale", failed > 1);
    again();
  };

  local(document);
  if (main) {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) {
        clearTimeout(timer);
        asked?.abort();
      } else look();
    });
    again();
  }

  // A secret or an address into the clipboard: a button that only works with a script is shown only by it.
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

  // What can't be undone is asked once more.
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.ask;
    if (question && !confirm(question)) event.preventDefault();
  });
})();
