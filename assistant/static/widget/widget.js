/*
 * Percorso: a chat for your pages. <script async src="https://percorso.example/widget.js"></script>
 * Options: data-lang, data-suggestions="a|b|c", data-position="left", data-theme="dark", data-brand="#14634f"
 * (or --percorso-brand in CSS), data-remember="true". Scripts: window.Percorso, at the end.
 */
(() => {
  "use strict";
  if (window.Percorso) return;

  const { src, dataset: options } = document.currentScript;
  const { origin } = new URL(src);

  // ---- Texts: Italian, English

  const LANGUAGES = ["it", "en"];
  const TEXTS = {
    launch: ["Apri la chat di assistenza", "Open the support chat"],
    close: ["Chiudi la chat", "Close the chat"],
    ai: ["IA", "AI"],
    bot: ["Assistente virtuale", "Virtual assistant"],
    operator: ["Operatore", "Operator"],
    greeting: [
      "Buongiorno! Sono l'assistente virtuale di %, un'intelligenza artificiale: rispondo con i documenti dell'azienda, citando la fonte.",
      "Hello! I am the virtual assistant of %, an artificial intelligence: I answer from the company's documents and name the source.",
    ],
    questions: [
      "Che cosa può fare?|Quanto costa la consegna?|Come funziona il reso?",
      "What can you do?|How much is delivery?|How do returns work?",
    ],
    messages: ["Messaggi", "Messages"],
    message: ["Messaggio", "Message"],
    send: ["Invia", "Send"],
    sending: ["Invio…", "Sending…"],
    sent: ["Inviato", "Sent"],
    failed: ["Non inviato.", "Not sent."],
    retry: ["Riprova", "Try again"],
    characters: ["Caratteri rimasti: %", "Characters left: %"],
    table: ["Tabella", "Table"],
    source: ["Fonte %", "Source %"],
    version: ["versione %", "version %"],
    page: ["pagina %", "page %"],
    back: ["Chiudi la fonte", "Close the source"],
    helpful: ["Risposta utile?", "Was this helpful?"],
    yes: ["Sì, utile", "Yes, helpful"],
    no: ["No, non utile", "No, not helpful"],
    why: ["Che cosa non va?", "What is wrong with it?"],
    wrong: ["È sbagliata", "It is wrong"],
    incomplete: ["È incompleta", "It is incomplete"],
    outdated: ["Non è aggiornata", "It is out of date"],
    not_understood: ["Non risponde alla domanda", "It misses the question"],
    tone: ["Il tono", "The tone"],
    other: ["Altro", "Something else"],
    thanks: ["Grazie del parere.", "Thank you for telling us."],
    person: ["Parla con una persona", "Talk to a person"],
    queue: ["In attesa di una persona", "Waiting for a person"],
    leave: ["Torna all'assistente", "Back to the assistant"],
    joined: ["Ora risponde una persona", "A person is answering now"],
    left: ["Ora risponde l'assistente virtuale", "The virtual assistant is answering now"],
    offline: ["Servizio non raggiungibile.", "The service cannot be reached."],
  };
  const REASONS = ["wrong", "incomplete", "outdated", "not_understood", "tone", "other"];

  /** @param {keyof typeof TEXTS} key  @param {string | number} [value] stands for % */
  const t = (key, value) => TEXTS[key][LANGUAGES.indexOf(lang)].replace("%", () => value);

  // ---- Look: system colours follow the theme, the rest is mixed from them

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
:host { all: initial !important; position: fixed !important; z-index: 2147483000 !important; direction: ltr !important; }
.root { all: initial; color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; color: var(--text);
  --text: color-mix(in srgb, CanvasText 90%, Canvas); --muted: color-mix(in srgb, CanvasText 66%, Canvas);
  --edge: color-mix(in srgb, CanvasText 50%, Canvas); --line: color-mix(in srgb, CanvasText 16%, Canvas);
  --soft: color-mix(in srgb, CanvasText 6%, Canvas); --staff: color-mix(in srgb, #fa0 16%, Canvas);
  --mark: color-mix(in srgb, #fc0 36%, Canvas); --bad: color-mix(in srgb, #e00 66%, CanvasText);
  --brand: var(--percorso-brand, #14634f); --accent: color-mix(in srgb, var(--brand) 60%, CanvasText);
  --on: oklch(from var(--brand) clamp(0, (.57 - l) * 999, 1) 0 0); }
* { box-sizing: border-box; margin: 0; }
[hidden] { display: none !important; }
button, textarea { all: unset; box-sizing: border-box; }
button, a { cursor: pointer; color: var(--accent); }
button:hover { background: var(--soft); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
svg { width: 22px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
h2, table { font: inherit; color: inherit; }
h2, b, th { font-weight: 600; }
.row { display: flex; align-items: center; gap: 8px; }
.col { display: flex; flex-direction: column; align-items: flex-start; gap: 8px; }
.grow { flex: 1; min-width: 0; }
.small { font-size: 13px; color: var(--muted); }
.round { display: grid; place-items: center; flex: none; width: 44px; height: 44px; border-radius: 14px; }
.line { min-height: 44px; padding: 9px 14px; border-radius: 14px; }
.box { border: 1px solid var(--edge); color: var(--text); }
.round.brand, .brand { background: var(--brand); color: var(--on); }

.launcher, .panel { position: fixed; inset: auto 20px 20px auto; box-shadow: 0 8px 40px #0005; }
.left > * { inset: auto auto 20px 20px; }
.launcher { width: 60px; height: 60px; border-radius: 50%; }
.badge { position: absolute; top: -4px; right: -4px; min-width: 24px; border-radius: 12px; background: #c22; color: #fff;
  font-size: 13px; line-height: 24px; text-align: center; }
.panel { width: 408px; max-width: 100%; height: min(720px, 100% - 40px); max-height: none; padding: 0; background: Canvas;
  color: inherit; border: 1px solid var(--line); border-radius: 18px; overflow: clip; animation: rise .2s; }
@keyframes rise { from { opacity: 0; translate: 0 14px; } }
.panel > div { height: 100%; align-items: stretch; gap: 0; }
header { padding: 12px 10px 12px 16px; border-bottom: 1px solid var(--line); }
.scroll { overflow-y: auto; overscroll-behavior: contain; padding: 16px; position: relative; overflow-wrap: anywhere; }
.log { align-items: stretch; gap: 16px; }
.partial { margin-top: 16px; }
.tag { font-size: 11px; line-height: 16px; padding: 0 4px; border: 1px solid; border-radius: 5px; }
.text { max-width: 100%; padding: 10px 14px; border-radius: 4px 16px 16px; background: var(--soft); }
.operator .text { background: var(--staff); }
.me { align-items: flex-end; padding-left: 48px; }
.me .text { border-radius: 16px 16px 4px; background: var(--brand); color: var(--on); white-space: pre-wrap; }
.me:not(:last-child) .sent { display: none; }
.bad { color: var(--bad); }
.note { text-align: center; }
.dots { animation: blink 1s infinite alternate; }
@keyframes blink { to { opacity: .3; } }

.text > * + *, .scroll > * + p { margin-top: 10px; }
ul, ol { padding-left: 22px; }
code { font-size: 13px; background: var(--line); }
pre, .wide { overflow-x: auto; border: 1px solid var(--line); border-radius: 10px; background: Canvas; }
table { border-collapse: collapse; font-size: 13px; overflow-wrap: normal; }
th, td { padding: 7px 10px; text-align: start; vertical-align: top; min-width: 76px; }
td { border-top: 1px solid var(--line); }
mark { background: var(--mark); color: inherit; }
.cite { min-width: 24px; line-height: 22px; font-size: 12px; text-align: center; border-radius: 8px; border: 1px solid; background: Canvas; }
.chip { width: 100%; min-height: 36px; padding: 0 12px; border: 1px solid var(--line); border-radius: 10px; }
.chip b { color: var(--accent); }
.chip span { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.rate { flex-wrap: wrap; margin: -6px 0; }
.down svg { scale: 1 -1; }
[aria-pressed=true] svg { fill: currentColor; }

.bar, footer { justify-content: space-between; padding: 2px 4px; }
.bar { background: var(--soft); }
form { margin: 10px 12px 0; padding: 3px; border: 1px solid var(--edge); border-radius: 17px; align-items: flex-end; }
form:focus-within { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
textarea { max-height: 135px; padding: 10px 12px; font-size: 16px; overflow-y: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; outline: 0; }
::placeholder { color: var(--muted); }
@media (max-width: 480px) { .panel { inset: 0 !important; width: 100%; height: 100%; border: 0; border-radius: 0; } }
@media (prefers-reduced-motion) { * { animation: none !important; } }
@media print { :host { display: none !important; } }
`);

  const ICONS = {
    chat: "M5 4h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-8l-5 4v-4H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2z",
    close: "M6 6l12 12M18 6 6 18",
    send: "M12 20V5M5 12l7-7 7 7",
    thumb: "M7 11v9H3v-9zM7 11l4-8a2 2 0 0 1 3 2v4h4a2 2 0 0 1 2 2l-1 7a2 2 0 0 1-2 2H7",
  };

  // ---- Small tools

  /**
   * Make an element; text is always text.
   * @param {string} name tag and classes: "p.note.small"
   * @param {Record<string, any>} [attributes] functions are listeners
   * @param {...any} children
   */
  function h(name, attributes = {}, ...children) {
    const [tag, ...classes] = name.split(".");
    const element = document.createElement(tag);
    element.className = classes.join(" ");
    for (const [key, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(key, value);
      else if (value || value === 0) element.setAttribute(key, value);
    }
    element.append(...children.filter(Boolean));
    return element;
  }

  /** @param {keyof typeof ICONS} name */
  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS(svg.namespaceURI, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  }

  const button = (name, label, click, ...children) =>
    h(`button.${name}`, { type: "button", "aria-label": label, click }, ...children);

  const pause = (ms) => new Promise((done) => setTimeout((wake = done), ms));

  /** The browser's storage, where the page allows it. */
  function store(action, ...value) {
    try {
      return (options.remember ? localStorage : sessionStorage)[action](`percorso ${origin}`, ...value);
    } catch {
      return null;
    }
  }

  /** @returns {Promise<any>} the answer, read unless there is a signal; throws what is not 2xx */
  async function call(method, path, body, signal) {
    const headers = { "Content-Type": "application/json" };
    if (session) headers.Authorization = `Bearer ${session.token}`;
    const request = { method, headers, body: body && JSON.stringify(body), signal: signal || AbortSignal.timeout(20000) };
    let response;
    try {
      response = await fetch(`${origin}/api/v1${path}`, request);
    } finally {
      setReachable(response?.status < 500 || signal?.aborted);
    }
    if (response.ok && signal) return response;
    const answer = await response.json();
    if (response.ok) return answer;
    throw { status: response.status, detail: answer.detail };
  }

  /** Whether the server does not know our conversation (any more). */
  const refused = ({ status }) => status === 401 || status === 404;

  /** Read server-sent events to the end; the server pings, so 40 silent seconds are an end too. */
  async function readEvents(body, listen) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ; ) {
      const watch = setTimeout(() => reader.cancel(), 40000);
      const { done, value } = await reader.read().finally(() => clearTimeout(watch));
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const field = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/)));
        if (field.data) listen(field.event, JSON.parse(field.data), +field.id);
      }
    }
  }

  // ---- Light Markdown, as nodes

  const ITEM = /^( *)(-|\*|\d{1,3}[.)]) +(.*)/;
  const INLINE = /`([^`]+)`|\*\*(.+?)\*\*|\[(\d+)\]|(https?:\/\/[^\s<>"`)\]]*[^\s<>"`)\].,;:!?])/g;

  /** @param {string} text  @param {(index: number) => any} [cite] makes the button of a mark like [1] */
  function markdown(text, cite) {
    const nodes = new DocumentFragment();
    const lines = text.split("\n");
    while (lines.length) {
      const [line] = lines;
      const kind = /^```/.test(line) ? code : /^\|/.test(line) ? table : ITEM.test(line) ? list : paragraph;
      nodes.append(kind(lines, cite));
    }
    return nodes;
  }

  function code(lines) {
    const end = lines.findIndex((line, n) => n && /^```/.test(line));
    return h("pre", { tabindex: 0 }, lines.splice(0, end < 0 ? 1e9 : end + 1).slice(1, -1).join("\n"));
  }

  function table(lines, cite) {
    const rows = h("table");
    while (/^\|/.test(lines[0])) {
      const tag = rows.firstChild ? "td" : "th";
      const cells = lines.shift().split("|").slice(1, -1);
      const row = cells.map((cell) => inline(h(cell.trim() ? tag : "td"), cell.trim(), cite));
      if (!cells.every((cell) => /^[ :-]+$/.test(cell))) rows.append(h("tr", {}, ...row));
    }
    return h("div.wide", { role: "region", tabindex: 0, "aria-label": t("table") }, rows);
  }

  function list(lines, cite) {
    const [, margin, mark] = ITEM.exec(lines[0]);
    const items = h(mark > "0" ? "ol" : "ul", { start: parseInt(mark) });
    for (let found; (found = ITEM.exec(lines[0])); ) {
      const deeper = found[1].length - margin.length;
      if (deeper > 1) items.lastChild.append(list(lines, cite));
      else if (deeper < 0 || mark > "0" !== found[2] > "0") break;
      else items.append(inline(h("li"), found[3], cite)), lines.shift();
    }
    return items;
  }

  function paragraph(lines, cite) {
    const end = lines.findIndex((line, n) => n && (/^(\||```|$)/.test(line) || ITEM.test(line)));
    const text = lines.splice(0, end < 0 ? 1e9 : end).join("\n");
    return text && inline(h("p"), text.replace(/^#+ (.*)/, "**$1**"), cite);
  }

  /** Fill `element` with words, bold, code, citation marks, and links that show where they lead. */
  function inline(element, text, cite) {
    let end = 0;
    for (const { 0: whole, 1: code, 2: bold, 3: mark, 4: url, index } of text.matchAll(INLINE)) {
      element.append(text.slice(end, index));
      end = index + whole.length;
      if (code) element.append(h("code", {}, code));
      else if (bold) element.append(inline(h("b"), bold, cite));
      else element.append(url ? link(url) : cite?.(+mark) || whole);
    }
    element.append(text.slice(end));
    return element;
  }

  const link = (href) => h("a", { href, target: "_blank", rel: "noopener noreferrer" }, href);

  /** Mark the sentences and table rows that are in the quote; only letters and digits are compared. */
  function highlight(passage, quote) {
    const letters = (text) => text.replace(/[^\p{L}\p{N}]/gu, "");
    const quoted = (text) => letters(text)[3] && letters(quote).includes(letters(text));
    const walker = document.createTreeWalker(passage, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    for (const node of nodes) {
      const row = node.parentNode.closest("tr")?.textContent;
      const parts = node.data.split(/(?<=[.!?]) /);
      node.replaceWith(...parts.map((part) => (quoted(row || part) ? h("mark", {}, part) : part)));
    }
  }

  // ---- State

  /** The first of the tags that we speak. */
  const language = (...tags) =>
    tags.map((tag) => tag?.slice(0, 2).toLowerCase()).find((tag) => LANGUAGES.includes(tag)) || "en";

  let lang = language(options.lang, document.documentElement.lang, navigator.language);
  let session = JSON.parse(store("getItem")); // {id, token}
  let site; // {name, privacy_url, max_message_characters}
  let items = []; // messages as the server sends them; `state` and `note` are ours
  let owner = "bot"; // or queue, or operator
  let seq = 0; // the last event that we know
  let loaded = false; // whether all this is the session's
  let opened = false;
  let reachable = true;
  let waiting = false; // for an answer
  let unread = 0;
  let turn = ""; // that is being answered, and the text so far
  let streamed = "";
  let stream; // AbortController
  let wake = () => {};
  let wait = 1000;

  // ---- Conversation

  const here = () => location.origin + location.pathname;
  const post = (path, body) => call("POST", `/conversations/${session.id}/${path}`, body);

  let opening;
  /** Open a conversation if there is none. */
  async function ensure() {
    if (session) return;
    opening ||= call("POST", "/conversations", { language: lang, page: here() });
    const snapshot = await opening.finally(() => (opening = null));
    if (session) return;
    session = { id: snapshot.id, token: snapshot.token };
    store("setItem", JSON.stringify(session));
    load(snapshot);
  }

  /** Take over the server's view of the conversation; what it does not have yet stays. */
  function load(snapshot) {
    const known = snapshot.messages.map((message) => message.client_msg_id);
    items = [...snapshot.messages, ...items.filter((item) => item.state && !known.includes(item.client_msg_id))];
    owner = snapshot.owner;
    seq = snapshot.last_seq;
    loaded = true;
    redraw();
  }

  /** Begin anew; what was not sent yet stays. */
  function forget() {
    stop();
    session = null;
    store("removeItem");
    load({ messages: [], owner: "bot", last_seq: 0 });
  }

  function send(text) {
    const client_msg_id = crypto.getRandomValues(new Uint32Array(4)).join("-");
    const item = { author: "customer", text, client_msg_id };
    items.push(item);
    draw(item);
    post_(item);
  }

  let outbox = Promise.resolve();
  function post_(item) {
    setState(item, "sending");
    waiting = owner === "bot";
    outbox = outbox.then(() => deliver(item));
  }

  /** Send a message; after a cut or a forgotten conversation once more, with the same id. */
  async function deliver(item, again) {
    const { client_msg_id, text } = item;
    try {
      await ensure();
      await post("messages", { client_msg_id, text, page: here() });
      setState(item);
      follow();
    } catch (problem) {
      if (refused(problem)) forget();
      else if (!problem.status) await pause(1000);
      if (!again && !(problem.status > 404)) return deliver(item, true);
      waiting = false;
      setState(item, "failed", problem.status < 500 && problem.detail);
    }
  }

  /** Ask for a person ("handoff"), or for the assistant again ("return"). */
  async function change(path) {
    ui.person.hidden = true;
    ui.input.focus();
    try {
      await ensure();
      await post(path);
      follow();
    } catch (problem) {
      if (refused(problem)) forget();
      drawBar();
    }
  }

  // ---- News from the server

  /** Follow the conversation until `stop`, through every cut. */
  async function follow() {
    if (stream || !session) return;
    const { signal } = (stream = new AbortController());
    while (!signal.aborted) {
      const path = `/conversations/${session.id}`;
      try {
        if (!loaded) load(await call("GET", path));
        const { body } = await call("GET", `${path}/events?after=${seq}`, undefined, signal);
        await readEvents(body, happened);
      } catch (problem) {
        if (signal.aborted) return;
        if (refused(problem)) return forget();
      }
      drawPartial();
      await pause(wait * (0.5 + Math.random() / 2));
      wait = Math.min(2 * wait, 30000);
    }
  }

  function stop() {
    stream?.abort();
    stream = null;
    drawPartial();
  }

  /** Nobody looks and nothing is expected: no connection. */
  function rest() {
    if (!opened && !waiting && owner === "bot") stop();
  }

  function happened(type, data, id) {
    wait = 1000;
    if (type === "resync") loaded = false;
    else if (type === "typing") {
      turn = data.turn;
      drawPartial("…");
    } else if (type === "delta") {
      if (turn === data.turn) drawPartial((streamed += data.text));
    } else if (id > seq) {
      seq = id;
      if (type === "owner") handOver(data.owner);
      else receive(data);
      rest();
    }
  }

  function receive(message) {
    const own = items.find((item) => item.state && item.client_msg_id === message.client_msg_id);
    if (own) return setState(own);
    items.push(message);
    if (message.author !== "customer") answered();
    draw(message);
  }

  function answered() {
    waiting = false;
    drawPartial();
    if (!opened) drawBadge(unread + 1);
  }

  function handOver(next) {
    owner = next;
    if (next !== "queue") receive({ author: "system", note: next === "bot" ? "left" : "joined" });
    drawBar();
  }

  // ---- View

  const host = h("percorso-widget");
  const shadow = host.attachShadow({ mode: "open" });
  const phone = matchMedia("(max-width: 480px)");
  shadow.adoptedStyleSheets = [sheet];
  let ui = {};

  function build() {
    ui = {
      name: h("h2"),
      scroll: h("div.scroll.grow", { tabindex: 0, role: "group", "aria-label": t("messages") }),
      partial: h("div.partial", { "aria-hidden": "true" }),
      bar: h("div.bar.row.small", { role: "status" }),
      input: h("textarea.grow", { rows: 1, "aria-label": t("message"), placeholder: t("message"), input: measure, keydown: enter }),
      counter: h("div.note.small", { role: "status" }),
      person: button("line", null, () => change("handoff"), t("person")),
      privacy: h("a.line.small", { target: "_blank" }, "Privacy"),
      launcher: button("launcher.round.brand", null, open),
      source: h("dialog.panel"),
    };
    const about = h("div.grow", {}, ui.name, h("p.small", {}, `${t("bot")} (${t("ai")})`));
    const send = h("button.round.brand", { "aria-label": t("send") }, icon("send"));
    const parts = [
      h("header.row", {}, h("span.round.brand", {}, icon("chat")), about, button("round", t("close"), close, icon("close"))),
      ui.scroll,
      ui.bar,
      h("form.row", { submit }, ui.input, send),
      ui.counter,
      h("footer.row", {}, ui.person, ui.privacy),
    ];
    ui.panel = h("dialog.panel", { "aria-label": t("bot"), close: closed }, h("div.col", {}, ...parts));
    const root = h("div.root", { lang, keydown: onKey, keyup: onKey, keypress: onKey }, ui.panel, ui.source, ui.launcher);
    if (options.position) root.classList.add(options.position);
    root.style.colorScheme = options.theme;
    shadow.replaceChildren(root);
    redraw();
    drawBadge(0);
    measure();
    if (opened) open();
  }

  function redraw() {
    ui.log = h("div.log.col", { role: "log", "aria-live": "polite" }); // a new one: what it starts with is no news
    ui.name.textContent = site?.name;
    if (site) {
      ui.privacy.href = new URL(site.privacy_url, origin);
      draw({ author: "bot", text: t("greeting", site.name) });
      const questions = (options.suggestions || t("questions")).split("|");
      ui.examples = h("div.col", {}, ...questions.map((text) => button("line.box", null, () => send(text), text)));
      ui.log.append(ui.examples);
    }
    items.forEach(draw);
    ui.scroll.replaceChildren(ui.log, ui.partial);
    reveal(ui.log.lastChild, true);
    drawBar();
  }

  function draw(item) {
    const element = item.author === "customer" ? ownBubble(item) : bubble(item);
    if (items.length) ui.examples?.remove();
    ui.log.append(element);
    reveal(element, item.author === "customer");
  }

  function ownBubble(item) {
    item.status = h("div.row.small");
    setState(item, item.state);
    return h("div.me.col", { "aria-live": "off" }, h("div.text", {}, item.text), item.status);
  }

  /** Show how it stands with a message of our own. */
  function setState(item, state, problem) {
    item.state = state;
    item.status.className = `row small ${state === "failed" ? "bad" : "sent"}`;
    item.status.replaceChildren(problem || t(state || "sent"));
    if (state === "failed") item.status.append(button("line", null, () => post_(item), t("retry")));
  }

  function bubble({ id, author, text, note, citations = [] }) {
    if (note || author === "system") return h("p.note.small", {}, note ? t(note) : text);
    const ai = author === "bot";
    const opener = (style, citation, ...content) => button(style, sourceName(citation), (event) => showSource(citation, event), ...content);
    const cite = (index) => citations.filter((citation) => citation.index === index).map((citation) => opener("cite", citation, index))[0];
    return h(
      `div.col.${author}`,
      { "data-generated-by": ai && "ai" },
      h("p.row.small", {}, ai && h("b.tag", {}, t("ai")), t(author)),
      h("div.text", {}, markdown(text, cite)),
      ...citations.map((citation) => opener("chip.row.small", citation, h("b", {}, citation.index), h("span", {}, citation.title))),
      citations[0] && rating(id),
    );
  }

  function rating(id) {
    const rate = async (helpful, reason) => {
      await post(`messages/${id}/feedback`, { helpful, reason }, "PUT");
      up.ariaPressed = helpful;
      down.ariaPressed = !helpful;
      more.replaceChildren(...(helpful || reason ? [t("thanks")] : [t("why"), ...reasons()]));
    };
    const reasons = () => REASONS.map((reason) => button("line.box", null, () => rate(false, reason), t(reason)));
    const up = button("round", t("yes"), () => rate(true), icon("thumb"));
    const down = button("round.down", t("no"), () => rate(false), icon("thumb"));
    const more = h("div.row.rate", { role: "status" });
    return h("div.row.rate.small", {}, t("helpful"), up, down, more);
  }

  /** Show the answer so far, three dots before it begins, nothing after it. */
  function drawPartial(text) {
    if (!text) turn = "";
    if (text !== streamed) streamed = "";
    ui.partial.replaceChildren(...(text ? [h("div.text", {}, markdown(text))] : []));
    ui.log.ariaBusy = !!text;
    reveal(ui.partial);
  }

  /** Scroll to what is new, but not past its top, and not when the visitor reads further up. */
  function reveal({ offsetTop, offsetHeight }, always) {
    const { scrollHeight, scrollTop, clientHeight } = ui.scroll;
    if (always || scrollHeight - scrollTop - clientHeight < offsetHeight + 99) ui.scroll.scrollTop = offsetTop - 60;
  }

  /** The line above the composer: what the visitor has to know now. */
  function drawBar() {
    const [text, label, act] = reachable ? BAR[owner] : ["offline", "retry", start];
    ui.person.hidden = owner !== "bot";
    ui.bar.hidden = !text;
    if (text) ui.bar.replaceChildren(t(text), label ? button("line", null, act, t(label)) : "");
  }
  const BAR = { bot: [], queue: ["queue", "leave", () => change("return")], operator: ["joined"] };

  function setReachable(now) {
    if (now === reachable) return;
    reachable = now;
    drawBar();
  }

  function drawBadge(count) {
    const title = document.title.replace(unread && `(${unread}) `, "");
    if (count || unread) document.title = (count ? `(${count}) ` : "") + title;
    unread = count;
    ui.launcher.replaceChildren(icon("chat"), count ? h("span.badge", {}, count) : "");
    ui.launcher.ariaLabel = t("launch") + (count ? ` (${count})` : "");
  }

  const sourceName = (citation) => `${t("source", citation.index)}: ${citation.title}`;

  function showSource(citation, { currentTarget }) {
    const { index, title, section, version, page, url, passage, quote } = citation;
    const about = [section, t("version", version), page && t("page", page)].filter(Boolean).join(" · ");
    const text = h("div.scroll.grow", { tabindex: 0 }, markdown(passage));
    const back = button("round", t("back"), closeSource, icon("close"));
    const head = h("div.grow", {}, h("p.small", {}, t("source", index)), h("h2", {}, title), h("p.small", {}, about));
    highlight(text, quote);
    if (/^https?:/.test(url)) text.append(h("p", {}, link(url)));
    ui.source.replaceChildren(h("div.col", {}, h("header.row", {}, head, back), text));
    ui.source.ariaLabel = sourceName(citation);
    ui.panel.inert = true;
    ui.opener = currentTarget;
    show(ui.source);
    back.focus();
    text.scrollTop = text.querySelector("mark")?.offsetTop - 60;
  }

  function closeSource() {
    ui.panel.inert = false;
    ui.source.close();
    ui.opener.focus();
  }

  // ---- What the visitor does

  const show = (dialog) => dialog[phone.matches ? "showModal" : "show"]();

  function measure() {
    const { input, counter } = ui;
    const limit = site?.max_message_characters || 4000;
    const left = limit - [...input.value].length;
    counter.hidden = left > limit / 10;
    counter.textContent = t("characters", left);
    input.style.height = 0;
    input.style.height = `${input.scrollHeight}px`;
    return left;
  }

  function enter(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  }

  function submit(event) {
    event.preventDefault();
    const text = ui.input.value.trim();
    if (!text || measure() < 0) return;
    ui.input.value = "";
    measure();
    send(text);
  }

  /** Keys stay ours: the page may have shortcuts. */
  function onKey(event) {
    event.stopPropagation();
    if (event.type !== "keydown" || event.key !== "Escape") return;
    event.preventDefault();
    if (ui.source.open) closeSource();
    else close();
  }

  async function start() {
    if (!site) {
      site = await call("GET", "/site");
      redraw();
    }
    wake();
    follow();
  }

  function open() {
    opened = true;
    drawBadge(0);
    ui.launcher.hidden = true;
    show(ui.panel);
    ui.input.focus();
    start();
  }

  function close() {
    if (ui.source.open) closeSource();
    ui.panel.close();
  }

  function closed() {
    opened = false;
    ui.launcher.hidden = false;
    ui.launcher.focus();
    rest();
  }

  function setLocale(tag) {
    lang = language(tag);
    build();
  }

  function reset() {
    items = [];
    forget();
  }

  window.Percorso = { open, close, setLocale, reset };
  addEventListener("online", start);
  addEventListener("offline", () => setReachable(false));
  document.addEventListener("visibilitychange", () => wake());
  build();
  if (document.body) document.documentElement.append(host);
  else addEventListener("DOMContentLoaded", () => document.documentElement.append(host));
})();
