// One sheet for all elements. Colours of text, font and direction are those of the page around; the others are
// custom properties with a value for each theme. Sheets are adopted: no style is written into the page, so its
// content policy needs no exception.

const SHEET = `
:host { display: block; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; text-align: start; }
:host(bugspark-sync-badge) { display: inline-block; max-width: 100%; vertical-align: middle; }
:host([hidden]) { display: none; }
*, *::before, *::after { box-sizing: border-box; }
.root {
  --text: var(--bugspark-sync-text, inherit);
  --dim: var(--bugspark-sync-dim, #5b5b69);
  --line: var(--bugspark-sync-line, #d9d9e1);
  --edge: var(--bugspark-sync-edge, #7d7d8c);
  --raised: var(--bugspark-sync-raised, transparent);
  --accent: var(--bugspark-sync-accent, #4450c4);
  --on-accent: var(--bugspark-sync-on-accent, #ffffff);
  --ok: var(--bugspark-sync-ok, #1a7441);
  --wait: var(--bugspark-sync-wait, #4a5a78);
  --conflict: var(--bugspark-sync-conflict, #8a5a00);
  --needs: var(--bugspark-sync-needs, #b23c0e);
  --failed: var(--bugspark-sync-failed, #b3202c);
  --github: var(--bugspark-sync-github, #57606a);
  --bugspark: var(--bugspark-sync-bugspark, #7a3fb0);
  --radius: var(--bugspark-sync-radius, 6px);
  --mono: var(--bugspark-sync-mono, ui-monospace, SFMono-Regular, Menlo, Consolas, monospace);
  color: var(--text);
  color-scheme: light;
}
.dark {
  --dim: var(--bugspark-sync-dim, #a8a8b8);
  --line: var(--bugspark-sync-line, #34343f);
  --edge: var(--bugspark-sync-edge, #808091);
  --accent: var(--bugspark-sync-accent, #a3adff);
  --on-accent: var(--bugspark-sync-on-accent, #14152b);
  --ok: var(--bugspark-sync-ok, #5fc98b);
  --wait: var(--bugspark-sync-wait, #a3b3d1);
  --conflict: var(--bugspark-sync-conflict, #e6b450);
  --needs: var(--bugspark-sync-needs, #ff9868);
  --failed: var(--bugspark-sync-failed, #ff8a92);
  --github: var(--bugspark-sync-github, #a7b0ba);
  --bugspark: var(--bugspark-sync-bugspark, #c79bf0);
  color-scheme: dark;
}
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
a { color: var(--accent); text-underline-offset: 2px; }
.dim { color: var(--dim); }
.mono, code { font-family: var(--mono); font-size: 0.92em; }
.icon { width: 1.15em; height: 1.15em; flex: none; vertical-align: -0.2em; }
.icon path { fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }
.sign { display: inline-flex; gap: 0.35em; align-items: center; vertical-align: bottom; }
.sign--ok { color: var(--ok); }
.sign--wait { color: var(--wait); }
.sign--conflict { color: var(--conflict); }
.sign--needs { color: var(--needs); }
.sign--failed { color: var(--failed); }
.sign--still, .sign--old { color: var(--dim); }
.badge {
  display: inline-flex; flex-wrap: wrap; gap: 0 0.6em; align-items: center; max-width: 100%; min-height: 24px;
  padding: 0.1em 0.6em; border: 1px solid var(--line); border-radius: var(--radius); background: var(--raised);
  color: inherit; text-decoration: none; line-height: 1.5;
}
a.badge:hover { border-color: var(--accent); }
.bugspark-sync-report, .bugspark-sync-project { container-type: inline-size; display: grid; gap: 1em; line-height: 1.5; }
h3, p, ul, ol, dl, dd, table { margin: 0; padding: 0; }
h3 { font-size: 1em; font-weight: 600; }
ul, ol { list-style: none; }
section { display: grid; gap: 0.5em; grid-template-columns: minmax(0, 1fr); }
.head, .buttons, .comment-head, .decision, .note, .link-form, .question, .facts dd { display: flex; flex-wrap: wrap; gap: 0.25em 0.75em; align-items: center; }
.note { padding: 0.5em 0.75em; border: 1px solid var(--edge); border-radius: var(--radius); }
.only-heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.question { padding: 0.25em 0.5em; border: 1px solid var(--edge); border-radius: var(--radius); }
.button, select, textarea, input:not([type="checkbox"]) {
  min-height: 32px; max-width: 100%; padding: 0.2em 0.8em; border: 1px solid var(--edge); border-radius: var(--radius);
  background: var(--raised); color: inherit; font: inherit;
}
.button { cursor: pointer; }
.button:hover { border-color: var(--accent); }
.button--main { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
.button--danger { border-color: var(--failed); color: var(--failed); }
.button[aria-disabled] { cursor: default; opacity: 0.65; }
.link-form input:not([type="checkbox"]) { flex: 1 1 10em; min-width: 0; }
.facts { border-top: 1px solid var(--line); }
.facts > div { display: grid; grid-template-columns: 9em minmax(0, 1fr); gap: 0 0.75em; padding: 0.3em 0; border-bottom: 1px solid var(--line); align-items: center; }
.facts dt { color: var(--dim); }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 0.35em 0.75em 0.35em 0; border-top: 1px solid var(--line); text-align: start; vertical-align: top; font-weight: 400; }
thead th { border-top: 0; color: var(--dim); }
.equal td { color: var(--dim); }
.decide td { border-top: 0; }
.decision { padding: 0.4em 0.6em; border: 1px solid var(--line); border-inline-start: 3px solid var(--conflict); }
.cell-name { display: none; color: var(--dim); }
.comment { padding: 0.5em 0 0.5em 0.75em; border-top: 1px solid var(--line); border-inline-start: 3px solid var(--bugspark); }
.comment--github { border-inline-start-color: var(--github); }
.side--github { color: var(--github); }
.side--bugspark { color: var(--bugspark); }
.comment-head { font-size: 0.93em; }
.copy-state { margin-inline-start: auto; }
.written { white-space: pre-wrap; }
.quiet { color: inherit; }
.history li { padding: 0.2em 0; border-top: 1px solid var(--line); }
fieldset { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(13em, 100%), 1fr)); gap: 0.5em 1em; min-width: 0; margin: 0; padding: 0; border: 0; }
legend { padding: 0.5em 0 0.25em; font-weight: 600; }
.settings-form { display: grid; gap: 0.5em; }
.setting { display: grid; align-content: start; }
.setting [aria-invalid] { border-color: var(--failed); }
.steps { list-style: decimal; padding-inline-start: 1.75em; }
summary { cursor: pointer; min-height: 24px; color: var(--accent); width: fit-content; }
@container (max-width: 520px) {
  table, tbody, tr, td, th { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { padding: 0.4em 0; border-top: 1px solid var(--line); }
  th, td { border: 0; padding: 0.1em 0; }
  td:has(> .cell-name) { display: grid; grid-template-columns: 9em minmax(0, 1fr); gap: 0 0.75em; }
  .cell-name { display: block; }
  th[scope="row"] { font-weight: 600; }
  .copy-state { margin-inline-start: 0; flex-basis: 100%; }
  .facts > div { grid-template-columns: minmax(0, 1fr); }
  .button, select, input:not([type="checkbox"]) { min-height: 44px; }
}
@media (pointer: coarse) {
  .button, select, input:not([type="checkbox"]) { min-height: 44px; }
}
@media (forced-colors: active) {
  .badge, .button--main { border-color: currentColor; }
}
`;

const sheets = new Map();

// A sheet belongs to the document that made it, so it is made when the first element needs it.
function sheetOf(text) {
  if (!sheets.has(text)) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    sheets.set(text, sheet);
  }
  return sheets.get(text);
}

const styles = () => sheetOf(SHEET);
const hiddenStyles = () => sheetOf(":host { display: none !important; }");
