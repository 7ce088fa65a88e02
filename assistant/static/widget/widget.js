/*
 * Percorso: the chat on your pages, in one file.
 *   <script async src="https://your-percorso/widget.js" data-lang="it"></script>
 * Options: data-lang, data-suggestions="a|b|c", data-position="left", data-theme="light|dark",
 * data-brand="#14634f" (or the CSS variable --percorso-brand), data-remember="true".
 * From scripts: Percorso.open(), .close(), .setLocale("en"), .reset().
 */
(() => {
  "use strict";
  if (window.Percorso) return;

  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  const options = script.dataset;
  const origin = new URL(script.src).origin;

  /**
   * @typedef {{index: number, title: string, section: string, version: number, page: number | null,
   *   url: string | null, quote: string, passage: string, language: string}} Citation
   * @typedef {object} Message one line of the conversation, as the server sends it, and what we add
   * @property {string} [id]
   * @property {number} [seq] its place in the conversation's sequence of events
   * @property {"customer" | "bot" | "operator" | "system"} author
   * @property {string} text
   * @property {string} [client_msg_id] our own id: sending twice with it stores once
   * @property {Citation[]} [citations]
   * @property {"joined" | "left"} [note] text of our own, by its key
   * @property {"sending" | "sent" | "failed"} [state] of our own messages
   * @property {string} [problem] why it failed, in the server's words
   * @property {HTMLElement} [status] shows `state`
   */

  // ---------------------------------------------------------------- texts

  const TEXTS = {
    it: {
      launch: "Apri la chat di assistenza",
      unread: (n) => (n > 1 ? `${n} nuovi messaggi` : "1 nuovo messaggio"),
      title: "Assistenza",
      close: "Chiudi la chat",
      ai: "IA",
      assistant: "Assistente virtuale",
      operator: "Operatore",
      you: "Io",
      greeting: (name) =>
        `Buongiorno! Sono l'assistente virtuale${name && ` di ${name}`}, un'intelligenza artificiale. ` +
        "Rispondo con i documenti dell'azienda e indico la fonte. Si può chiedere di una persona in ogni momento.",
      examples: "Per cominciare",
      questions: ["Che cosa può fare?", "Quanto costa la consegna?", "Come funziona il reso?"],
      messages: "Messaggi",
      message: "Messaggio",
      send: "Invia",
      sending: "Invio in corso…",
      sent: "Inviato",
      failed: "Non inviato.",
      retry: "Riprova",
      remaining: (n) => (n < 0 ? `${-n} caratteri di troppo` : `${n} caratteri rimasti`),
      typing: "Sta scrivendo…",
      table: "Tabella",
      source: "Fonte",
      sources: "Fonti",
      version: "versione",
      page: "pagina",
      back: "Chiudi la fonte",
      helpful: "Risposta utile?",
      yes: "Sì, è utile",
      no: "No, non è utile",
      why: "Che cosa non va?",
      reasons: {
        wrong: "È sbagliata",
        incomplete: "È incompleta",
        outdated: "Non è aggiornata",
        not_understood: "Non risponde alla domanda",
        tone: "Il tono",
        other: "Altro",
      },
      thanks: "Grazie del parere.",
      person: "Parla con una persona",
      queue: "In attesa di una persona",
      leave: "Torna all'assistente",
      joined: "Ora risponde una persona",
      left: "Ora risponde di nuovo l'assistente virtuale",
      offline: "Il servizio non è raggiungibile. Riproviamo tra poco.",
      privacy: "Privacy",
    },
    en: {
      launch: "Open the support chat",
      unread: (n) => (n > 1 ? `${n} new messages` : "1 new message"),
      title: "Support",
      close: "Close the chat",
      ai: "AI",
      assistant: "Virtual assistant",
      operator: "Operator",
      you: "Me",
      greeting: (name) =>
        `Hello! I am the virtual assistant${name && ` of ${name}`}, an artificial intelligence. ` +
        "I answer from the company's documents and name the source. You can ask for a person at any time.",
      examples: "To begin with",
      questions: ["What can you do?", "How much is delivery?", "How do returns work?"],
      messages: "Messages",
      message: "Message",
      send: "Send",
      sending: "Sending…",
      sent: "Sent",
      failed: "Not sent.",
      retry: "Try again",
      remaining: (n) => (n < 0 ? `${-n} characters too many` : `${n} characters left`),
      typing: "Typing…",
      table: "Table",
      source: "Source",
      sources: "Sources",
      version: "version",
      page: "page",
      back: "Close the source",
      helpful: "Was this helpful?",
      yes: "Yes, helpful",
      no: "No, not helpful",
      why: "What is wrong with it?",
      reasons: {
        wrong: "It is wrong",
        incomplete: "It is incomplete",
        outdated: "It is out of date",
        not_understood: "It does not answer the question",
        tone: "The tone",
        other: "Something else",
      },
      thanks: "Thank you for telling us.",
      person: "Talk to a person",
      queue: "Waiting for a person",
      leave: "Back to the assistant",
      joined: "A person is answering now",
      left: "The virtual assistant is answering again",
      offline: "The service cannot be reached. We will try again shortly.",
      privacy: "Privacy",
    },
  };

  /** The first of `wanted` that we speak. */
  const language = (...wanted) =>
    wanted.map((tag) => (tag || "").slice(0, 2).toLowerCase()).find((tag) => tag in TEXTS) || "en";

  // ---------------------------------------------------------------- look

  const SHEET = new CSSStyleSheet();
  SHEET.replaceSync(`
:host { all: initial !important; position: fixed !important; right: 0 !important; bottom: 0 !important;
  z-index: 2147483000 !important; direction: ltr !important; }
.root { all: initial; font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
  color: var(--text); --brand: var(--percorso-brand, #14634f); --on: #fff; --accent: var(--text);
  --bg: #fff; --soft: #f2f4f3; --line: #d5dbd8; --edge: #7d8783; --text: #18201d; --muted: #56605b; --bad: #b3261e;
  --mark: #ffe79a; --staff: #fdf0d9; --lum: min(l, .45); }
.dark { --bg: #161a1b; --soft: #242a2b; --line: #3b4345; --edge: #88918e; --text: #e8eeeb; --muted: #a9b4af;
  --bad: #ffb4ab; --mark: #5b4a10; --staff: #3a301d; --lum: max(l, .8); color-scheme: dark; }
@supports (color: oklch(from red l c h)) {
  .root { --on: oklch(from var(--brand) clamp(0, (.57 - l) * 999, 1) 0 0);
    --accent: oklch(from var(--brand) var(--lum) c h); }
}
*, ::before { box-sizing: border-box; }
[hidden] { display: none !important; }
h2, h3, p, ul, ol, pre, table { margin: 0; padding: 0; font: inherit; color: inherit; }
button, textarea { all: unset; box-sizing: border-box; -webkit-text-fill-color: currentColor; }
button, a { cursor: pointer; }
a { color: var(--accent); text-decoration: underline; overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 6px; }
svg { width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round;
  stroke-linejoin: round; display: block; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.launcher { position: fixed; right: 20px; bottom: 20px; width: 60px; height: 60px; border-radius: 50%;
  background: var(--brand); color: var(--on); display: grid; place-items: center;
  box-shadow: 0 0 0 1px #fff3, 0 6px 24px #0004; transition: transform .15s; }
.launcher:hover { transform: scale(1.05); }
.launcher:focus-visible { border-radius: 50%; outline: 3px solid var(--accent); box-shadow: 0 0 0 3px var(--bg); }
.launcher svg { width: 28px; height: 28px; }
.badge { position: absolute; top: -3px; right: -3px; min-width: 22px; padding: 0 6px; border-radius: 11px;
  background: #c62828; color: #fff; font: 700 12px/22px system-ui, sans-serif; text-align: center; }

.panel { position: fixed; right: 20px; bottom: 20px; width: 408px; max-width: calc(100vw - 40px);
  height: min(720px, 100vh - 40px); display: flex; flex-direction: column; overflow: hidden; overflow: clip;
  background: var(--bg); border: 1px solid var(--line); border-radius: 18px; box-shadow: 0 14px 50px #0005;
  animation: rise .18s ease-out; }
.left .launcher, .left .panel { right: auto; left: 20px; }
@keyframes rise { from { opacity: 0; transform: translateY(14px); } }
header { display: flex; align-items: center; gap: 12px; padding: 12px 10px 12px 16px; border-bottom: 1px solid var(--line); }
.avatar { width: 40px; height: 40px; border-radius: 50%; background: var(--brand); color: var(--on);
  display: grid; place-items: center; flex: none; }
h2, h3 { font-weight: 650; line-height: 1.3; }
h2 { font-size: 16px; }
h3 { font-size: 17px; }
.head { flex: 1; min-width: 0; }
.small, .who, .status, .note, .bar, footer, .counter { font-size: 13px; color: var(--muted); }
.icon { width: 44px; height: 44px; border-radius: 12px; display: grid; place-items: center; flex: none; color: var(--muted); }
.icon:hover, .quiet:hover { background: var(--soft); color: var(--text); }

.scroll { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 16px; position: relative; }
.scroll:focus-visible { outline-offset: -3px; }
.log, .partial { display: flex; flex-direction: column; gap: 16px; }
.partial:not(:empty) { margin-top: 16px; }
.msg { display: flex; flex-direction: column; align-items: flex-start; gap: 6px; min-width: 0; }
.who { display: flex; gap: 6px; align-items: center; }
.tag { font-weight: 700; font-size: 11px; line-height: 16px; padding: 0 5px; border: 1px solid currentColor; border-radius: 5px; }
.who svg { width: 16px; height: 16px; }
.text { background: var(--soft); padding: 10px 14px; border-radius: 4px 16px 16px; max-width: 100%; min-width: 0;
  overflow-wrap: anywhere; }
.me { align-items: flex-end; padding-left: 48px; }
.me .text { background: var(--brand); color: var(--on); border-radius: 16px 16px 4px; white-space: pre-wrap; }
.staff .text { background: var(--staff); }
.staff .who { color: var(--text); font-weight: 600; }
.status { display: none; align-items: center; gap: 4px 10px; flex-wrap: wrap; justify-content: flex-end; text-align: end; }
.msg:last-child > .status, .status.failed { display: flex; }
.failed { color: var(--bad); }
.note { text-align: center; }
.line, .quiet { min-height: 44px; padding: 0 12px; display: inline-flex; align-items: center; gap: 8px; border-radius: 12px;
  color: var(--accent); font-weight: 600; }
.line { border: 1px solid var(--edge); color: var(--text); font-weight: 400; padding: 6px 14px; }
.line:hover { background: var(--soft); }
.examples { display: flex; flex-direction: column; align-items: flex-start; gap: 8px; }
.dots { display: flex; gap: 5px; padding: 8px 2px; }
.dots i { width: 7px; height: 7px; border-radius: 50%; background: var(--muted); animation: blink 1.2s infinite; }
.dots i:nth-child(2) { animation-delay: .2s; }
.dots i:nth-child(3) { animation-delay: .4s; }
@keyframes blink { 0%, 60%, 100% { opacity: .3; } 30% { opacity: 1; } }

.text > * + *, .passage > * + * { margin-top: 10px; }
ul, ol { padding-left: 22px; }
li + li, li > ul, li > ol { margin-top: 4px; }
b, th { font-weight: 650; }
code { font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace; background: #8883; border-radius: 4px; padding: 1px 4px; }
pre { overflow-x: auto; background: #8882; border-radius: 8px; padding: 10px; }
pre code { background: none; padding: 0; }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: 10px; background: var(--bg); color: var(--text); }
table { border-collapse: collapse; min-width: 100%; font-size: 13.5px; line-height: 1.4; overflow-wrap: normal; }
th, td { padding: 7px 10px; text-align: start; vertical-align: top; min-width: 76px; }
tr + tr > *, tbody > * > * { border-top: 1px solid var(--line); }
mark { background: var(--mark); color: inherit; border-radius: 3px; }
.cite { min-width: 24px; height: 24px; margin: -2px 0; padding: 0 5px; border-radius: 7px; background: var(--bg);
  border: 1px solid var(--edge); color: var(--accent); font: 600 12px/22px system-ui, sans-serif; text-align: center; }
.cite:hover, .chip:hover { background: var(--soft); border-color: var(--accent); }
.sources { list-style: none; padding: 0; width: 100%; }
.chip { display: flex; align-items: center; gap: 8px; width: 100%; min-height: 36px; padding: 4px 12px 4px 6px;
  border: 1px solid var(--line); border-radius: 10px; font-size: 13px; }
.chip b { width: 24px; text-align: center; color: var(--accent); flex: none; }
.chip span { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.rate { display: flex; flex-wrap: wrap; align-items: center; gap: 2px; margin: -4px 0; }
.rate .line { font-size: 13px; margin: 4px 6px 4px 0; }
.rate .wrap { width: 100%; }
.rate .icon svg { width: 19px; height: 19px; }
.down svg { transform: rotate(180deg); }
[aria-pressed=true] { color: var(--accent); }
[aria-pressed=true] svg { fill: currentColor; fill-opacity: .3; }

.bar { display: flex; align-items: center; justify-content: space-between; gap: 8px; padding: 4px 8px 4px 16px;
  min-height: 48px; background: var(--soft); color: var(--text); }
form { display: flex; align-items: flex-end; gap: 6px; margin: 10px 12px 0; padding: 3px; border: 1px solid var(--edge);
  border-radius: 16px; }
form:focus-within { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
textarea { flex: 1; min-width: 0; min-height: 44px; max-height: 131px; padding: 10px 12px; line-height: 23px; font-size: 16px;
  overflow-y: auto; white-space: pre-wrap; overflow-wrap: anywhere; color: var(--text); cursor: text; resize: none; }
textarea:focus-visible { outline: 0; }
::placeholder { color: var(--muted); opacity: 1; }
.send { width: 44px; height: 44px; border-radius: 12px; display: grid; place-items: center; background: var(--brand); color: var(--on); }
.send[aria-disabled=true] { background: var(--soft); color: var(--muted); cursor: default; }
.counter { padding: 4px 18px 0; text-align: end; }
footer { display: flex; align-items: center; justify-content: space-between; padding: 2px 8px; min-height: 48px; }
footer a { color: inherit; padding: 12px; }

.source { position: absolute; inset: 0; background: var(--bg); display: flex; flex-direction: column; }
.source header { align-items: flex-start; }
.passage { white-space: normal; overflow-wrap: anywhere; }
@media (max-width: 480px) {
  .panel { inset: 0 !important; width: auto; max-width: none; height: auto; border: 0; border-radius: 0; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
@media print { :host { display: none !important; } }
`);

  const ICONS = {
    chat: "M5 4h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-8l-5 4v-4H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z",
    path: "M5 19h7a3.5 3.5 0 0 0 0-7h-1a3.5 3.5 0 0 1 0-7h7M16 2.5 18.5 5 16 7.5",
    close: "M6 6l12 12M18 6 6 18",
    send: "M12 20V5M5.5 11.5 12 5l6.5 6.5",
    thumb: "M7 11v9H3v-9zM7 11l4-8a2.4 2.4 0 0 1 2.5 2.5V9h5a2 2 0 0 1 2 2.4l-1.3 7a2 2 0 0 1-2 1.6H7",
    person: "M12 11.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5a7.5 7.5 0 0 1 15 0",
  };

  // ---------------------------------------------------------------- small tools

  /**
   * Make an element; text is always text.
   * @param {string} name tag and classes: "p.note.small"
   * @param {Record<string, any>} [attributes] `onclick` and the like are listeners; null is left out
   * @param {...(Node | string | false | null | undefined)} children
   */
  function h(name, attributes = {}, ...children) {
    const [tag, ...classes] = name.split(".");
    const element = document.createElement(tag);
    if (classes.length) element.className = classes.join(" ");
    for (const [key, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(key.slice(2), value);
      else if (value != null && value !== false) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.filter(Boolean));
    return element;
  }

  /** @param {keyof typeof ICONS} name */
  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS(svg.namespaceURI, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  }

  /** The visitor's key to the conversation; pages that forbid storage get one for the page view. */
  const memory = {
    key: `percorso:${origin}`,
    use(action) {
      try {
        return action(options.remember === "true" ? localStorage : sessionStorage);
      } catch {
        return null;
      }
    },
    read: () => memory.use((store) => JSON.parse(store.getItem(memory.key))),
    write: (session) => memory.use((store) => store.setItem(memory.key, JSON.stringify(session))),
    clear: () => memory.use((store) => store.removeItem(memory.key)),
  };

  /** An answer that is not 2xx. */
  class Refused extends Error {
    constructor(status, detail) {
      super(detail);
      this.status = status;
    }
  }

  /** Whether the server does not know our token (any more). */
  const unknown = (problem) => problem.status === 401 || problem.status === 404;

  async function call(method, path, { token, body, signal = AbortSignal.timeout(20000) } = {}) {
    const headers = {};
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body) headers["Content-Type"] = "application/json";
    const request = { method, headers, signal, body: body && JSON.stringify(body), credentials: "omit", cache: "no-store" };
    const response = await fetch(`${origin}/api/v1${path}`, request);
    if (!response.ok) throw new Refused(response.status, (await response.json().catch(() => ({}))).detail || "");
    return response;
  }

  /**
   * Read server-sent events until the stream ends; 40 silent seconds (the server pings) count as its end.
   * @param {ReadableStream<Uint8Array>} body
   * @param {(type: string, data: any) => void} on
   */
  async function readEvents(body, on) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ; ) {
      const watch = setTimeout(() => reader.cancel(), 40000);
      const { done, value } = await reader.read().finally(() => clearTimeout(watch));
      if (done) return;
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop();
      for (const block of blocks) {
        const fields = Object.fromEntries(block.split(/\r?\n/).map((line) => line.split(/: ?(.*)/, 2)));
        if (fields.data) on(fields.event, JSON.parse(fields.data));
      }
    }
  }

  // ---------------------------------------------------------------- light Markdown as nodes

  const ITEM = /^( *)([-*•]|\d{1,3}[.)]) +(.*)/;
  const RULE = /^ *\|?[ :|-]*-[ :|-]*$/;
  const INLINE =
    /`([^`]+)`|\*\*(.+?)\*\*|\[(\d{1,2})\]|\[([^\]]+)\]\((?=https?:)|(https?:\/\/[^\s<>"'`)\]]*[^\s<>"'`)\].,;:!?])/g;

  /**
   * @typedef {(index: number) => Node | undefined} Cite makes the button of a citation mark
   * @param {string} text
   * @param {{table: string, cite?: Cite}} context
   */
  function markdown(text, context) {
    const out = document.createDocumentFragment();
    const lines = text.split("\n");
    for (let i = 0; i < lines.length; ) {
      const line = lines[i];
      if (!line.trim()) i++;
      else if (line.startsWith("```")) i = codeBlock(lines, i + 1, out);
      else if (line.startsWith("|") && RULE.test(lines[i + 1])) i = table(lines, i, out, context);
      else if (ITEM.test(line)) i = list(lines, i, out, context);
      else i = paragraph(lines, i, out, context);
    }
    return out;
  }

  function codeBlock(lines, i, out) {
    const code = [];
    while (i < lines.length && !lines[i].startsWith("```")) code.push(lines[i++]);
    out.append(h("pre", { tabindex: 0 }, h("code", {}, code.join("\n"))));
    return i + 1;
  }

  function table(lines, i, out, context) {
    const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|");
    const row = (line, tag) =>
      h("tr", {}, ...cells(line).map((cell) => inline(h(cell.trim() ? tag : "td"), cell.trim(), context)));
    const body = h("tbody");
    const head = h("thead", {}, row(lines[i], "th"));
    for (i += 2; i < lines.length && lines[i].startsWith("|"); i++) body.append(row(lines[i], "td"));
    const wide = { role: "region", tabindex: 0, "aria-label": context.table };
    out.append(h("div.wide", wide, h("table", {}, head, body)));
    return i;
  }

  function list(lines, i, out, context) {
    const [, margin, mark] = ITEM.exec(lines[i]);
    const ordered = parseInt(mark) >= 0;
    const element = h(ordered ? "ol" : "ul", ordered ? { start: parseInt(mark) } : {});
    out.append(element);
    for (let item; i < lines.length; i++) {
      const found = ITEM.exec(lines[i]);
      const depth = found && found[1].length - margin.length;
      if (!found && /^ +\S/.test(lines[i])) inline(item, `\n${lines[i].trim()}`, context);
      else if (found && depth > 1) i = list(lines, i, item, context) - 1;
      else if (!found || depth < 0 || parseInt(found[2]) >= 0 !== ordered) break;
      else element.append((item = inline(h("li"), found[3], context)));
    }
    return i;
  }

  function paragraph(lines, i, out, context) {
    const text = [lines[i++]];
    while (i < lines.length && lines[i].trim() && !/^(```|\|)/.test(lines[i]) && !ITEM.test(lines[i])) text.push(lines[i++]);
    const heading = text[0].replace(/^#{1,6} +/, "");
    if (heading !== text[0]) text[0] = `**${heading}**`;
    out.append(inline(h("p"), text.join("\n"), context));
    return i;
  }

  /** Fill `element` with the text's words, bold, code, links and citation marks. */
  function inline(element, text, context) {
    let end = 0;
    const plain = (part) => part.split("\n").forEach((line, n) => element.append(...(n ? [h("br"), line] : [line])));
    for (const found of text.matchAll(INLINE)) {
      const [whole, code, bold, mark, label, url] = found;
      const button = mark && context.cite && context.cite(Number(mark));
      plain(text.slice(end, found.index));
      end = found.index + whole.length;
      if (code) element.append(h("code", {}, code));
      else if (bold) element.append(inline(h("b"), bold, context));
      else if (url) element.append(link(url));
      else if (label) plain(`${label} (`);
      else element.append(button || whole);
    }
    plain(text.slice(end));
    return element;
  }

  /** A link that shows where it leads. */
  const link = (url) => h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url);

  /** Mark where `quote` stands in the passage; marks, spaces and cell borders do not count. */
  function highlight(passage, quote) {
    const counts = /[\p{L}\p{N}]/u;
    const wanted = [...quote].filter((char) => counts.test(char)).join("");
    for (const block of passage.querySelectorAll("p, li, tbody tr, pre")) {
      if (block.querySelector("mark")) continue;
      const spots = [];
      const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
      for (let node; (node = walker.nextNode()); )
        for (let at = 0; at < node.data.length; at++) if (counts.test(node.data[at])) spots.push({ node, at });
      const letters = spots.map(({ node, at }) => node.data[at]).join("");
      const start = letters.length > 3 && wanted.includes(letters) ? 0 : letters.indexOf(wanted);
      if (wanted && start >= 0) markSpots(spots.slice(start, start + wanted.length));
    }
  }

  function markSpots(spots) {
    for (const node of new Set(spots.map((spot) => spot.node))) {
      const own = spots.filter((spot) => spot.node === node);
      const range = document.createRange();
      range.setStart(node, own[0].at);
      range.setEnd(node, own[own.length - 1].at + 1);
      range.surroundContents(h("mark"));
    }
  }

  // ---------------------------------------------------------------- the widget

  const phone = matchMedia("(max-width: 480px)");
  const darkness = matchMedia("(prefers-color-scheme: dark)");

  class PercorsoWidget extends HTMLElement {
    /** @type {Message[]} */ items = [];
    /** Where to go on in the sequence of events. */ seq = 0;
    /** @type {"bot" | "queue" | "operator"} */ owner = "bot";
    /** @type {{id: string, token: string} | null} */ session = memory.read();
    /** Whether `items` and `seq` are the session's. */ loaded = false;
    /** @type {{name: string, privacy_url: string, max_message_characters: number} | null} */ site = null;
    /** @type {AbortController | null} */ stream = null;
    /** Resolves the pause before the next attempt. */ wake = () => {};
    /** Messages go out one after the other. */ outbox = Promise.resolve();
    /** Whether an answer is expected. */ waiting = false;
    isOpen = false;
    unreachable = false;
    unread = 0;
    /** The turn that is being answered, and its text so far. */ turn = "";
    streamed = "";
    lang = language(options.lang, document.documentElement.lang, navigator.language);

    constructor() {
      super();
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [SHEET];
      if (options.brand) this.style.setProperty("--percorso-brand", options.brand);
      this.build();
      darkness.addEventListener("change", () => this.dress());
      phone.addEventListener("change", () => this.dress());
      window.addEventListener("offline", () => this.setUnreachable(true));
      window.addEventListener("online", () => this.reconnect());
      document.addEventListener("visibilitychange", () => document.hidden || this.wake());
    }

    // ---- what stands on the page

    build() {
      const t = (this.t = TEXTS[this.lang]);
      const draft = this.input ? this.input.value : "";
      this.launcher = h("button.launcher", { type: "button", "aria-haspopup": "dialog", onclick: () => this.open() });
      this.close_ = h("button.icon", { type: "button", "aria-label": t.close, onclick: () => this.close() }, icon("close"));
      this.heading = h("h2", { id: "title" });
      const about = h("div.head", {}, this.heading, h("p.small", {}, `${t.assistant} (${t.ai})`));
      this.log = h("div.log", { role: "log", "aria-live": "polite", "aria-label": t.messages });
      this.partial = h("div.partial", { "aria-hidden": "true" });
      this.scroll = h("div.scroll", { tabindex: 0, role: "group", "aria-labelledby": "title" }, this.log, this.partial);
      this.bar = h("div.bar", { role: "status" });
      this.counter = h("div.counter", { id: "counter", role: "status", hidden: true });
      this.main = h("div.main", {}, this.scroll, this.bar, this.composer(draft), this.counter, this.footer());
      this.main = [h("header", {}, h("span.avatar", {}, icon("path")), about, this.close_), this.scroll, this.bar]
        .concat([this.form, this.counter, this.foot]);
      this.panel = h("section.panel", { role: "dialog", "aria-labelledby": "title", hidden: true }, ...this.main);
      this.root = h("div.root", { lang: this.lang, onkeydown: (event) => this.key(event) }, this.panel, this.launcher);
      for (const type of ["keydown", "keyup", "keypress"]) this.root.addEventListener(type, (event) => event.stopPropagation());
      this.shadowRoot.replaceChildren(this.root);
      this.source = null;
      this.dress();
      this.redraw();
    }
  }
})();
