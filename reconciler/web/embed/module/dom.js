// Elements are described by values (`h`) and put in place by `patch`. It keeps the nodes that are there, so
// focus, open details and half-typed text survive a refresh. Text only ever becomes a text node.

const HTML_NAMESPACE = "http://www.w3.org/1999/xhtml";
const SVG_NAMESPACE = "http://www.w3.org/2000/svg";
const LAST_PROPS = Symbol("props");

const isShown = (child) => child !== null && child !== undefined && child !== false && child !== "";
const childList = (children) => children.flat(Infinity).filter(isShown);
const h = (tag, props, ...children) => ({ tag, props: props ?? {}, children: childList(children) });

function patch(parent, wanted) {
  const unused = [...parent.childNodes];
  const nodes = wanted.map((each) => takeFitting(unused, each) ?? createNode(parent, each));
  for (const node of unused) node.remove(); // first: a node that stays is then not moved, and keeps the focus
  nodes.forEach((node, index) => {
    if (parent.childNodes[index] !== node) parent.insertBefore(node, parent.childNodes[index] ?? null);
    updateNode(node, wanted[index]);
  });
}

function takeFitting(unused, wanted) {
  const index = unused.findIndex((node) =>
    typeof wanted === "object"
      ? node.localName === wanted.tag && node[LAST_PROPS]?.key === wanted.props.key
      : node.nodeType === Node.TEXT_NODE,
  );
  return index < 0 ? undefined : unused.splice(index, 1)[0];
}

function createNode(parent, wanted) {
  if (typeof wanted !== "object") return document.createTextNode("");
  const isSvg = wanted.tag === "svg" || parent.namespaceURI === SVG_NAMESPACE;
  return document.createElementNS(isSvg ? SVG_NAMESPACE : HTML_NAMESPACE, wanted.tag);
}

function updateNode(node, wanted) {
  if (typeof wanted !== "object") {
    if (node.data !== String(wanted)) node.data = String(wanted);
    return;
  }
  const before = node[LAST_PROPS] ?? {};
  for (const name of Object.keys(before)) if (!(name in wanted.props)) setProp(node, name, undefined);
  for (const [name, value] of Object.entries(wanted.props))
    if (before[name] !== value) setProp(node, name, value);
  node[LAST_PROPS] = wanted.props;
  patch(node, wanted.children);
}

function setProp(node, name, value) {
  if (name === "key") return;
  if (name.startsWith("on"))
    node[name] = value ? (event) => void value(event) : null; // `false` would cancel
  else if (value === undefined || value === null || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : String(value));
}

// --- text that people wrote -----------------------------------------------------------------------------

const CONTROLS =
  /[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu;
const EXCESS_COMBINING_MARKS = /(\p{Mn}{6})\p{Mn}+/gu;

const escapeControls = (text) =>
  text
    .replace(EXCESS_COMBINING_MARKS, "$1")
    .replace(CONTROLS, (found) => `\\u${found.codePointAt(0).toString(16).padStart(4, "0")}`);
// What would change the order of reading, or hide something, is written out.
const visibleLine = (text) => escapeControls(String(text).replace(/[\r\n\t]+/gu, " "));
const visibleLines = (text) =>
  String(text)
    .split(/\r\n?|\n/u)
    .map(visibleLine)
    .join("\n");

// What people wrote, in whatever language and direction.
const written = (text) => h("bdi", null, visibleLine(text));
// A sentence of the server's, which is in English.
const serverText = (text) => (text ? h("span", { lang: "en" }, visibleLine(text)) : null);

// Addresses of our own pages may be paths.
function safeUrl(url) {
  if (!url) return undefined;
  try {
    const parsed = new URL(url, SERVER);
    return ["http:", "https:"].includes(parsed.protocol) ? parsed.href : undefined;
  } catch {
    return undefined; // not an address: shown without a link
  }
}
const link = (url, props, ...children) => {
  const href = safeUrl(url);
  if (href === undefined) return h("span", props, ...children);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow", ...props }, ...children);
};

// --- icons: 16 px, strokes in the colour of the text, each with a shape of its own ------------------------

const CIRCLE = "M14.2 8a6.2 6.2 0 1 1-12.4 0 6.2 6.2 0 0 1 12.4 0z";
const ICONS = {
  ok: `${CIRCLE}M5.2 8.2l2 2 3.6-4`,
  wait: `${CIRCLE}M8 4.8V8l2.2 1.6`,
  conflict: "M8 1.8 14.2 8 8 14.2 1.8 8zM5.6 8h4.8M8.9 6.3 10.6 8 8.9 9.7M7.1 6.3 5.4 8l1.7 1.7",
  needs: "M8 2l6.6 11.5H1.4zM8 6.4v3.2M8 11.5v.1",
  failed: "M5.4 1.8h5.2l3.6 3.6v5.2l-3.6 3.6H5.4l-3.6-3.6V5.4zM6 6l4 4M10 6l-4 4",
  paused: `${CIRCLE}M6.5 5.8v4.4M9.5 5.8v4.4`,
  still: `${CIRCLE}M5.4 8h5.2`,
  old: `${CIRCLE}M8 5v3.4M8 11v.1`,
  github:
    "M2.8 3.6a1.7 1.7 0 1 0 3.4 0 1.7 1.7 0 1 0-3.4 0zM2.8 12.4a1.7 1.7 0 1 0 3.4 0 1.7 1.7 0 1 0-3.4 0z" +
    "M9.8 5.4a1.7 1.7 0 1 0 3.4 0 1.7 1.7 0 1 0-3.4 0zM4.5 5.3v5.4M11.5 7.1c0 2.6-2.4 2.9-5 3.3",
  bugspark: "M8.8 1.6 3.6 9h3.9l-.6 5.4L12.4 7H8.4z",
};
const icon = (name) =>
  h(
    "svg",
    { "class": "icon", "viewBox": "0 0 16 16", "aria-hidden": "true", "focusable": "false" },
    h("path", { d: ICONS[name] ?? ICONS.still }),
  );
