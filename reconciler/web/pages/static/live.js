// Keeps a page fresh: asks for the same address again and puts what changed in its place.
// Pages work without this script; with it they refresh themselves. It does nothing else.
"use strict";
(() => {
  const main = document.querySelector("main[data-every]");
  if (!main) return;
  const parts = () => [...document.querySelectorAll("[data-live][id]")];
  const LONGEST = 60_000;
  const every = Number(main.dataset.every) * 1000;
  let failed = 0;
  let timer;
  let asked;
  let updatedAt = Date.now();

  // What a part says, without what only time changes.
  const said = (part) => {
    const copy = part.cloneNode(true);
    for (const time of copy.querySelectorAll("time")) {
      time.textContent = "";
      time.removeAttribute("title");
    }
    for (const each of copy.querySelectorAll(".changed")) each.classList.remove("changed");
    return copy.innerHTML;
  };
  const shown = new Map(parts().map((part) => [part.id, said(part)]));

  // Somebody is at work in it: typing, choosing, pressing a button, marking text to copy it.
  const busy = (part) => {
    const [active, marked] = [document.activeElement, getSelection()];
    if (part.contains(active) && active.matches("input, select, textarea")) return true;
    if (part.querySelector("button:active, a:active, input:checked")) return true;
    return Boolean(marked && !marked.isCollapsed && part.contains(marked.anchorNode));
  };

  // What a control does and to what: its form's address and fields, or its own address. Never its place.
  const nameOf = (control) => {
    const form = control.form;
    if (form && control.matches("button, input, select")) {
      const fields = [...form.elements].filter((each) => each.type === "hidden" && each.name !== "form_token");
      const said = fields.map((each) => `${each.name}=${each.value}`).join("&");
      return `${control.tagName} ${form.action} ${said} ${control.name} ${control.value}`;
    }
    if (control.matches("summary")) return `summary ${control.parentElement.id}`;
    return `${control.tagName} ${control.href ?? control.id} ${control.textContent.trim()}`;
  };
  const controls = (part) => [...part.querySelectorAll("a[href], button, summary, input, select")];

  // Gives the focus back to the same control; to its part where that control is gone, never to another one.
  const focusAgain = (placed, name) => {
    const same = controls(placed).find((each) => nameOf(each) === name);
    if (!same) placed.tabIndex = -1;
    (same ?? placed).focus({ preventScroll: true });
  };
  const focusedIn = (part) => {
    const active = document.activeElement;
    return part.contains(active) && active !== part ? nameOf(active) : null;
  };

  const opened = (part) =>
    new Set([...part.querySelectorAll("details[open][id]")].map((each) => each.id));
  const values = (part) =>
    new Map([...part.querySelectorAll("[data-value]")].map((each) => [each.dataset.value, each.textContent]));

  // Screen readers hear what the page says first, where that changes; not each age and number.
  const heard = document.getElementById("heard");
  const tell = (placed, before) => {
    for (const each of placed.querySelectorAll("[data-heard]")) {
      const was = before.get(each.dataset.value);
      if (was !== undefined && was !== each.textContent) {
        heard.textContent = `${each.dataset.heard}: ${each.textContent.trim()}`;
      }
    }
  };

  const swap = (part, fresh) => {
    if (busy(part) || shown.get(part.id) === said(fresh)) return;
    shown.set(part.id, said(fresh));
    const [open, before, focused] = [opened(part), values(part), focusedIn(part)];
    const height = part.offsetHeight;
    for (const each of fresh.querySelectorAll("details[id]")) each.open ||= open.has(each.id);
    const placed = document.importNode(fresh, true);
    placed.style.minHeight = `${height}px`; // what is below does not jump up
    part.replaceWith(placed);
    for (const each of placed.querySelectorAll("[data-value]")) {
      const was = before.get(each.dataset.value);
      if (was !== undefined && was !== each.textContent) each.classList.add("changed");
    }
    if (focused) focusAgain(placed, focused);
    tell(placed, before);
  };

  const ids = (within) => [...within.querySelectorAll("[data-live][id]")].map((each) => each.id).join();

  // Other parts than before: the first project has come, say. What was said about a form stays.
  const replaceAll = (fresh) => {
    if (busy(main)) return;
    const message = main.querySelector(":scope > .said");
    const focused = focusedIn(main);
    main.replaceChildren(...(message ? [message] : []), ...document.importNode(fresh, true).childNodes);
    shown.clear();
    for (const part of parts()) shown.set(part.id, said(part));
    if (focused) focusAgain(main, focused);
  };

  // The tab says the state, too.
  const renewHead = (page) => {
    document.title = page.title;
    const [icon, fresh] = [document, page].map((each) => each.querySelector("link[rel=icon]"));
    if (icon.getAttribute("href") !== fresh.getAttribute("href")) icon.replaceWith(document.importNode(fresh));
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
    if (!fresh) return;
    renewHead(page);
    main.dataset.now = fresh.dataset.now;
    if (ids(fresh) !== ids(main)) replaceAll(fresh);
    else for (const part of parts()) swap(part, page.getElementById(part.id));
    document.dispatchEvent(new CustomEvent("refreshed"));
  };

  // An old page says so: a number that nobody renews is not true for long.
  const notice = document.getElementById("not-updating");
  const showFreshness = () => {
    const late = !navigator.onLine || failed > 1 || Date.now() - updatedAt > Math.max(30_000, 4 * every);
    const since = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
    const text = late && !document.hidden ? `Not updating since ${since.format(updatedAt)}` : "";
    if (notice.textContent !== text) notice.textContent = text;
    notice.hidden = text === "";
    document.body.classList.toggle("stale", text !== "");
  };

  const again = () => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(look, Math.min(every * 2 ** failed, Math.max(every, LONGEST)));
  };

  const look = async () => {
    clearTimeout(timer);
    try {
      await refresh();
      failed = 0;
      updatedAt = Date.now();
    } catch (error) {
      if (error.name !== "AbortError") failed += 1;
    }
    showFreshness();
    again();
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      clearTimeout(timer);
      asked?.abort();
    } else look();
  });
  addEventListener("offline", showFreshness);
  addEventListener("online", look);
  setInterval(showFreshness, 5_000);
  again();
})();
