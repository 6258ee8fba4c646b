// The elements are defined once, however often this module is imported, and under whichever name.

for (const [name, element] of Object.entries({
  "bugspark-sync-badge": BadgeElement,
  "bugspark-sync-report": ReportElement,
  "bugspark-sync-project": ProjectElement,
})) {
  if (customElements.get(name)) continue;
  defineProperties(element);
  customElements.define(name, element);
}
