/*
 * Percorso: a chat for your pages. <script async src="https://percorso.example/widget.js"></script>
 * Options: data-lang, data-suggestions="a|b|c", data-position="left", data-theme, data-brand, data-remember="true".
 */
(() => {
  "use strict";
  if (window.Percorso) return;

  const { src, dataset: options } = document.currentScript;
  const { origin } = new URL(src);

  // ---- Texts: Italian, English

  const TEXTS = {
    launch: ["Apri la chat", "Open the chat"],
    close: ["Chiudi", "Close"],
    ai: ["IA", "AI"],
    bot: ["Assistente virtuale", "Virtual assistant"],
    operator: ["Operatore", "Operator"],
    greeting: [
      "Buongiorno! Sono l'assistente virtuale di %, un'intelligenza artificiale: rispondo citando la fonte.",
      "Hello! I am the virtual assistant of %, an artificial intelligence: I answer and name the source.",
    ],
    questions: ["Che cosa può fare?", "What can you do?"],
    message: ["Messaggio", "Message"],
    send: ["Invia", "Send"],
    sending: ["Invio…", "Sending…"],
    sent: ["Inviato", "Sent"],
    failed: ["Non inviato.", "Not sent."],
    wait: ["Attenda un momento.", "Please wait a moment."],
    retry: ["Riprova", "Try again"],
    characters: ["Caratteri rimasti: %", "Characters left: %"],
    table: ["Tabella", "Table"],
    source: ["Fonte %", "Source %"],
    version: ["versione %", "version %"],
    page: ["pagina %", "page %"],
    helpful: ["Risposta utile?", "Was this helpful?"],
    yes: ["Sì, utile", "Yes, helpful"],
    no: ["No, non utile", "No, not helpful"],
    why: ["Che cosa non va?", "What is wrong?"],
    reasons: [
      "È sbagliata|È incompleta|Non è aggiornata|Non risponde alla domanda|Il tono|Altro",
      "It is wrong|It is incomplete|It is out of date|It misses the question|The tone|Something else",
    ],
    thanks: ["Grazie!", "Thank you!"],
    person: ["Parla con una persona", "Talk to a person"],
    queue: ["In attesa di una persona", "Waiting for a person"],
    leave: ["Torna all'assistente", "Back to the assistant"],
    by_operator: ["Ora risponde una persona", "A person is answering now"],
    by_bot: ["Ora risponde l'assistente virtuale", "The virtual assistant is answering now"],
    offline: ["Servizio non raggiungibile.", "Service unreachable."],
  };
  const REASONS = "wrong|incomplete|outdated|not_understood|tone|other";

  const t = (key, value) => TEXTS[key][+(lang === "en")].replace("%", () => value);

  // ---- Look: the system's colours follow the theme

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
:host { all: initial !important; position: fixed !important; z-index: 2147483000 !important; direction: ltr !important; }
.root { all: initial; color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; color: var(--text); overflow-wrap: anywhere;
  --text: color-mix(in srgb, CanvasText 90%, Canvas); --muted: color-mix(in srgb, CanvasText 66%, Canvas);
  --edge: color-mix(in srgb, CanvasText 50%, Canvas); --line: color-mix(in srgb, CanvasText 16%, Canvas);
  --soft: color-mix(in srgb, CanvasText 6%, Canvas); --staff: color-mix(in srgb, #fa0 16%, Canvas);
  --mark: color-mix(in srgb, #fc0 36%, Canvas); --bad: color-mix(in srgb, #e00 66%, CanvasText);
  --brand: var(--percorso-brand, #14634f); --accent: color-mix(in srgb, var(--brand) 60%, CanvasText);
  --on: oklch(from var(--brand) clamp(0, (.57 - l) * 999, 1) 0 0); }
* { box-sizing: border-box; margin: 0; }
[hidden] { display: none !important; }
button { all: unset; box-sizing: border-box; }
button, a { cursor: pointer; color: var(--accent); }
button:hover { background: var(--soft); }
h2, table, textarea { font: inherit; color: inherit; }
h2 { font-weight: 600; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
svg { width: 22px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.row { display: flex; align-items: center; gap: 8px; }
.col { display: flex; flex-direction: column; align-items: flex-start; gap: 8px; }
.grow { flex: 1; min-width: 0; }
.small { font-size: 13px; color: var(--muted); }
.round { display: grid; place-items: center; flex: none; width: 44px; height: 44px; border-radius: 14px; }
.line { min-height: 44px; padding: 10px 14px; border-radius: 14px; }
.box { padding-block: 9px; border: 1px solid var(--edge); color: var(--text); }
.brand, .me .text { background: var(--brand) !important; color: var(--on); }

.launcher, .panel { position: fixed; inset: auto 20px 20px auto; box-shadow: 0 8px 40px #0005; }
.left > * { inset: auto auto 20px 20px; }
.launcher { width: 60px; height: 60px; border-radius: 50%; }
.launcher svg { width: 28px; }
.badge { position: absolute; top: -4px; right: -4px; width: auto; min-width: 24px; height: 24px; background: #c22; color: #fff; }
.panel { width: 408px; max-width: none; height: min(720px, 100% - 40px); max-height: none; padding: 0; background: Canvas;
  color: inherit; border: 1px solid var(--line); border-radius: 18px; overflow: clip; }
.panel[open] { display: flex; flex-direction: column; }
header { align-items: flex-start !important; padding: 12px 16px; border-bottom: 1px solid var(--line); }
.scroll { overflow-y: auto; overscroll-behavior: contain; padding: 16px; scroll-padding: 16px; position: relative; white-space: pre-wrap;
  outline-offset: -2px; }
.log { align-items: stretch; gap: 16px; }
.text { max-width: 100%; padding: 10px 14px; border-radius: 4px 16px 16px; background: var(--soft); }
.operator .text { background: var(--staff); }
.me { align-items: flex-end; padding-left: 48px; }
.me .text { border-radius: 16px 16px 4px; }
.me:not(:last-child) .sent, .examples:not(:last-child), .bar:empty { display: none; }
.failed { color: var(--bad); }
.note { text-align: center; }
.dots { animation: blink 1s infinite alternate; }
@keyframes blink { to { opacity: .3; } }

.text > * + *, .scroll > * + * { margin-top: 12px; }
ul, ol { padding-left: 22px; }
pre, .wide { overflow-x: auto; border: 1px solid var(--line); border-radius: 14px; background: Canvas; color: var(--text); }
pre { padding: 10px; }
table { width: 100%; border-collapse: collapse; font-size: 13px; overflow-wrap: normal; }
th, td { padding: 7px 10px; text-align: start; vertical-align: top; }
tr + tr > * { border-top: 1px solid var(--line); }
mark { background: var(--mark); color: inherit; }
.cite { min-width: 24px; line-height: 22px; font-size: 13px; text-align: center; border-radius: 6px; border: 1px solid; background: Canvas; }
.chip { width: 100%; min-height: 36px; padding: 6px 12px; border: 1px solid var(--line); border-radius: 14px; }
.rate { flex-wrap: wrap; }
.rate p { width: 100%; }
.down svg { scale: 1 -1; }
[aria-pressed=true] svg { fill: currentColor; }

.bar, footer { align-items: baseline !important; padding: 2px 4px; }
.left footer { flex-direction: row-reverse; } /* away from the launcher */
.bar { justify-content: space-between; background: var(--soft); padding-left: 18px; }
form { margin: 12px 16px 0; align-items: flex-end; }
textarea { max-height: 142px; font-size: 16px; background: none; resize: none; }
textarea:focus { border-color: #0000; }
::placeholder { color: var(--muted); }
@media (max-width: 480px), (max-height: 480px) { .panel { inset: 0 !important; width: 100%; height: 100%; border: 0; border-radius: 0; }
  th, td { padding-inline: 6px; } }
@media (prefers-reduced-motion) { * { animation: none !important; } }
@media print { :host { display: none !important; } }
`);

  const ICONS = {
    chat: "M4 5h16v12h-9l-5 4v-4H4z",
    close: "M6 6l12 12M18 6 6 18",
    send: "M12 20V5M5 12l7-7 7 7",
    thumb: "M7 11v9H3v-9zl4-8q3 0 3 3v4h7l-2 10H7",
  };

  // ---- Small tools

  /** Makes a "tag.class.class"; functions are listeners, text is always text. */
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

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS(svg.namespaceURI, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  }

  const button = (name, label, click, ...children) =>
    h(`button.${name}`, { "aria-label": label, click }, ...children);

  const pause = (ms) => new Promise((done) => setTimeout((wake = done), ms));

  function store(action, ...value) {
    try {
      return (options.remember ? localStorage : sessionStorage)[action](`percorso ${origin}`, ...value);
    } catch {
      return null;
    }
  }

  /** Throws {status}. */
  async function call(method, path, body, signal) {
    const headers = { "Content-Type": "application/json" };
    if (session) headers.Authorization = `Bearer ${session.token}`;
    const request = { method, headers, body: JSON.stringify(body), signal: signal || AbortSignal.timeout(20000) };
    let response;
    try {
      response = await fetch(origin + "/api/v1" + path, request);
    } finally {
      const up = !!signal?.aborted || response?.status < 500;
      if (up !== reachable) drawBar((reachable = up)), wake((wait = 1000));
    }
    const { ok, status } = response;
    if (ok && signal) return response;
    if (ok) return response.json();
    if (status === 401 || status === 404) forget();
    throw { status };
  }

  /** The server pings: 40 s of silence are the end. */
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
  const INLINE = /`([^`]+)`|\*\*(.+?)\*\*|\[(\d+)\]|(https?:\/\/[^\s<>"`]*[^\s<>"`.,;:!?)\]])/g;

  /** `cite` makes a button of [1]. */
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
    const text = lines.splice(0, end < 0 ? 1e9 : end).join("\n").trim();
    return text && inline(h("p"), text, cite);
  }

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

  function highlight(passage, quote) {
    const letters = (text) => text.replace(/[^\p{L}\p{N}]/gu, "");
    const quoted = (text) => letters(text)[3] && letters(quote).includes(letters(text));
    const walker = document.createTreeWalker(passage, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    for (const node of nodes) {
      const row = node.parentNode.closest("tr");
      const there = (cell) => [...row.cells].some((own) => own.textContent === cell.trim());
      const told = (line) => /^\|/.test(line) && line.split("|").slice(1, -1).every(there);
      const marked = row ? () => quote.split("\n").some(told) : quoted;
      const parts = node.data.split(/(?<=[.!?] )/);
      node.replaceWith(...parts.map((part) => (part && marked(part) ? h("mark", {}, part) : part)));
    }
  }

  // ---- State

  const language = (tag) => (/^it/.test(tag) ? "it" : "en");

  let lang = language(options.lang || document.documentElement.lang || navigator.language);
  let site;
  let session = JSON.parse(store("getItem")); // {id, token}
  let loaded;
  let items = []; // messages; state, status and note are ours
  let owner = "bot"; // or queue, or operator
  let seq; // of the last event
  let waiting;
  let turn; // that is being answered
  let streamed, stream;
  let reachable = true;
  let opened = false;
  let follows = true;
  let top = 0;
  let unread = 0;
  let wait = 1000;
  let wake = () => {};
  let outbox = Promise.resolve();

  // ---- Conversation

  const at = (path) => `/conversations/${session.id}${path}`;
  const page = location.origin + location.pathname;

  const inTurn = (action, failed) => (outbox = outbox.then(() => attempt(action, failed)));

  /** Once more after a cut. */
  async function attempt(action, failed, again) {
    try {
      if (!session) await begin();
      follow();
      await action();
    } catch ({ status }) {
      if (!status) await pause(1000);
      if (again || status > 404) failed(status === 429 && t("wait"));
      else await attempt(action, failed, true);
    }
  }

  async function begin() {
    session = JSON.parse(store("getItem"));
    if (session) return (loaded = false); // another tab did
    session = await call("POST", "/conversations", { language: lang, page });
    store("setItem", JSON.stringify(session));
    load(session);
  }

  /** What was not sent yet stays. */
  function load(snapshot) {
    const known = snapshot.messages.map((message) => message.client_msg_id);
    items = [...snapshot.messages, ...items.filter((item) => item.state && !known.includes(item.client_msg_id))];
    owner = snapshot.owner;
    seq = snapshot.last_seq;
    loaded = true;
    waiting = owner === "bot" && items.at(-1)?.author === "customer";
    redraw();
  }

  function forget() {
    stop();
    session = null;
    store("removeItem");
    load({ messages: [], owner: "bot" });
  }

  function send(text) {
    const item = { author: "customer", text, client_msg_id: `${Math.random()}`.slice(2) };
    items.push(item);
    draw(item);
    post(item);
  }

  function post(item) {
    const { client_msg_id, text } = item;
    const action = async () => {
      await call("POST", at("/messages"), { client_msg_id, text, page });
      setState(item);
    };
    waiting = owner === "bot";
    setState(item, "sending");
    inTurn(action, (problem) => setState(item, "failed", problem));
  }

  function change(path) {
    ui.person.hidden = true;
    const failed = (problem) => drawBar(problem && receive({ author: "system", text: problem }));
    inTurn(() => call("POST", at(path)), failed);
  }

  // ---- News from the server

  async function follow() {
    if (stream || !session) return;
    const { signal } = (stream = new AbortController());
    while (!signal.aborted) {
      try {
        if (!loaded) load(await call("GET", at("")));
        const { body } = await call("GET", at(`/events?after=${seq}`), undefined, signal);
        wait = 1000;
        await readEvents(body, happened);
      } catch {
        if (signal.aborted) return;
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

  /** Nothing is expected: no connection. */
  function rest() {
    if (!opened && !waiting && owner === "bot") stop();
  }

  function happened(type, data, id) {
    if (type === "resync") loaded = false;
    else if (type === "typing") {
      turn = data.turn;
      streamed = "";
      dots();
    } else if (type === "delta") {
      if (turn === data.turn) drawPartial(markdown((streamed += data.text)));
      else if (!turn && waiting) dots();
    } else if (id > seq) {
      seq = id;
      if (type === "owner") handOver(data.owner);
      else receive(data);
      rest();
    }
  }

  function receive(message) {
    const { client_msg_id, author } = message;
    const own = items.find((item) => client_msg_id && item.client_msg_id === client_msg_id);
    if (own) return setState(own);
    items.push(message);
    draw(message);
    if (author !== "customer") {
      waiting = false;
      drawPartial();
      if (!opened) drawBadge(unread + 1);
    }
  }

  function handOver(next) {
    owner = next;
    if (next !== "queue") receive({ author: "system", note: next });
    drawBar();
  }

  // ---- View

  const host = h("percorso-widget");
  const shadow = host.attachShadow({ mode: "open" });
  const phone = matchMedia("(max-width: 480px), (max-height: 480px)");
  shadow.adoptedStyleSheets = [sheet];
  let ui = {};

  function build() {
    ui = {
      name: h("h2"),
      scroll: h("div.scroll.grow", { tabindex: 0, role: "group", "aria-label": t("bot"), scroll: scrolled }),
      partial: h("div.col", { inert: true }),
      bar: h("div.bar.row.small", { role: "status" }),
      input: h("textarea.line.box.grow", { rows: 1, "aria-label": t("message"), placeholder: t("message"), input: measure, keydown: enter }),
      counter: h("div.note.small", { role: "status" }),
      person: vanishing("line", t("person"), () => change("/handoff")),
      privacy: h("a.line.small", { target: "_blank" }, "Privacy"),
      launcher: button("launcher.round.brand", null, open),
      source: h("dialog.panel", { close: closeSource }),
    };
    const about = h("div.grow", {}, ui.name, h("p.small", {}, `${t("bot")} (${t("ai")})`));
    ui.panel = h(
      "dialog.panel",
      { "aria-label": t("bot"), close: closed },
      h("header.row", {}, h("span.round.brand", {}, icon("chat")), about, button("round", t("close"), close, icon("close"))),
      ui.scroll,
      ui.bar,
      h("form.row", { submit }, ui.input, button("round.brand", t("send"), null, icon("send"))),
      ui.counter,
      h("footer.row", {}, ui.person, ui.privacy),
    );
    const root = h(`div.root.${options.position}`, { lang, keydown: onKey, keyup: onKey, keypress: onKey }, ui.panel, ui.source, ui.launcher);
    root.style.colorScheme = options.theme || "";
    root.style.setProperty("--percorso-brand", options.brand || "");
    shadow.replaceChildren(root);
    redraw();
    drawBadge(unread);
    measure();
    new ResizeObserver(() => showLatest(follows)).observe(ui.scroll);
  }

  /** A button that goes, without the focus. */
  const vanishing = (name, text, act) =>
    button(name, null, () => {
      ui[phone.matches ? "scroll" : "input"].focus();
      act();
    }, text);

  /** Into a new log: not heard as news. */
  function redraw() {
    ui.log = h("div.log.col", { role: "log", "aria-live": "polite" });
    if (site) {
      ui.name.textContent = site.name;
      ui.privacy.href = new URL(site.privacy_url.replace("{lang}", lang), origin);
      const questions = (options.suggestions || t("questions")).split("|");
      draw({ author: "bot", text: t("greeting", site.name) });
      ui.log.append(h("div.examples.col", {}, ...questions.map((text) => vanishing("line.box", text, () => send(text)))));
    }
    items.forEach(draw);
    ui.scroll.replaceChildren(ui.log, ui.partial);
    showLatest();
    drawBar();
  }

  function draw(item) {
    const element = bubble(item);
    ui.log.append(element);
    reveal(element, item.status);
  }

  function setState(item, state, problem) {
    item.state = state;
    item.status.className = `row small ${state || "sent"}`;
    item.status.replaceChildren(problem || t(state || "sent"));
    if (state === "failed") item.status.append(vanishing("line", t("retry"), () => post(item)));
  }

  const label = (author) => h("p.row.small", {}, author === "bot" && h("b", {}, t("ai")), t(author));

  function bubble(item) {
    const { id, author, text, note, citations = [] } = item;
    if (note || author === "system") return h("p.note.small", {}, note ? t(`by_${note}`) : text);
    if (author === "customer") {
      item.status = h("div");
      setState(item, item.state);
      return h("div.me.col", { "aria-live": "off" }, h("div.text", {}, text), item.status);
    }
    const source = (name, { index, title, section }, ...content) =>
      button(name, `${t("source", index)}: ${section || title}`, () => showSource(citations[index - 1]), ...content);
    const cite = (index) => citations[index - 1] && source("cite", citations[index - 1], index);
    const chip = (citation) => source("chip.row.small", citation, h("b", {}, citation.index), citation.section || citation.title);
    return h(
      `div.col.${author}`,
      { "data-generated-by": author === "bot" && "ai" },
      label(author),
      h("div.text", {}, markdown(text, cite)),
      ...citations.map(chip),
      citations[0] && rating(id),
    );
  }

  function rating(id) {
    const rate = (helpful, reason) => {
      up.ariaPressed = helpful;
      down.ariaPressed = !helpful;
      more.replaceChildren(...(helpful || reason ? [t("thanks")] : [h("p", {}, t("why")), ...reasons()]));
      more.scrollIntoView({ block: "nearest" });
      inTurn(() => call("PUT", at(`/messages/${id}/feedback`), { helpful, reason }), () => more.replaceChildren(t("failed")));
    };
    const reasons = () => t("reasons").split("|").map((text, n) => vanishing("line.box", text, () => rate(false, REASONS.split("|")[n])));
    const up = button("round", t("yes"), () => rate(true), icon("thumb"));
    const down = button("round.down", t("no"), () => rate(false), icon("thumb"));
    const more = h("div.row.rate", { role: "status" });
    return h("div.row.rate.small", {}, t("helpful"), up, down, more);
  }

  function drawPartial(content) {
    if (!content) turn = null;
    ui.partial.replaceChildren(...(content ? [label("bot"), h("div.text", {}, content)] : []));
    ui.log.ariaBusy = !!content;
    if (content) reveal(ui.partial);
  }
  const dots = () => drawPartial(h("div.dots", {}, "● ● ●"));

  /** Unless the visitor reads further up. */
  function reveal({ offsetTop }, always) {
    follows ||= always;
    if (follows && items[0]) ui.scroll.scrollTop = Math.max(ui.scroll.scrollTop, offsetTop - 60);
  }

  const showLatest = (always = true) => reveal(ui.log.lastChild || ui.partial, always);

  function scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = ui.scroll;
    follows = scrollHeight - scrollTop - clientHeight < 40 || (follows && scrollTop >= top);
    top = scrollTop;
  }

  function drawBar() {
    const leave = vanishing("line", t("leave"), () => change("/return"));
    const retry = vanishing("line", t("retry"), start);
    const state = { bot: [], queue: [t("queue"), leave], operator: [t("by_operator")] };
    ui.person.hidden = owner !== "bot";
    ui.bar.replaceChildren(...(reachable ? state[owner] : [t("offline"), retry]));
  }

  function drawBadge(count) {
    const title = document.title.replace(`(${unread}) `, "");
    if (count || unread) document.title = (count ? `(${count}) ` : "") + title;
    unread = count;
    ui.launcher.replaceChildren(icon("chat"), count ? h("span.round.badge", {}, count) : "");
    ui.launcher.ariaLabel = t("launch") + (count ? ` (${count})` : "");
  }

  function showSource({ index, title, section, version, page, url, passage, quote }) {
    const text = h("div.scroll.grow", { tabindex: 0 }, markdown(passage));
    const back = button("round", t("close"), closeSource, icon("close"));
    const about = h("p.small", {}, t("version", version), page && ` · ${t("page", page)}`);
    const head = h("div.grow", {}, h("p.small", {}, t("source", index)), h("h2", {}, title), h("p.small", {}, section), about);
    highlight(text, quote);
    if (/^https?:/.test(url)) text.append(h("p.small", {}, link(url)));
    ui.opener = shadow.activeElement || ui.input;
    ui.source.replaceChildren(h("header.row", {}, head, back), text);
    ui.source.ariaLabel = title;
    ui.panel.inert = true;
    show(ui.source);
    text.querySelector("mark")?.scrollIntoView({ block: "center" });
  }

  function closeSource() {
    ui.panel.inert = false;
    ui.source.close();
    ui.opener.focus();
  }

  // ---- The visitor

  const show = (dialog) => dialog[phone.matches ? "showModal" : "show"](); // keeps the focus

  function measure() {
    const { input, counter } = ui;
    const limit = site?.max_message_characters || 4000;
    const left = limit - [...input.value].length;
    counter.textContent = left > limit / 10 ? "" : t("characters", left);
    input.style.height = 0;
    input.style.height = `${input.scrollHeight + 2}px`;
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

  function onKey(event) {
    event.stopPropagation(); // the page has its own
    if (event.type !== "keydown" || event.key !== "Escape") return;
    event.preventDefault();
    (ui.source.open ? closeSource : close)();
  }

  async function start() {
    try {
      if (!site) {
        site = await call("GET", "/site");
        redraw();
      }
      wake();
      follow();
    } catch {} // the bar says it
  }

  function open() {
    if (opened) return;
    opened = ui.launcher.hidden = true;
    drawBadge(0);
    show(ui.panel);
    showLatest();
    ui.input.focus();
    start();
  }

  function close() {
    if (ui.source.open) closeSource();
    ui.panel.close();
  }

  function closed() {
    opened = ui.launcher.hidden = false;
    ui.launcher.focus();
    rest();
  }

  function setLocale(tag) {
    lang = language(tag);
    build();
    if (opened) open((opened = false));
  }

  function reset() {
    items = [];
    forget();
  }

  window.Percorso = { open, close, setLocale, reset };
  addEventListener("online", () => stream && follow(stop()));
  document.addEventListener("visibilitychange", () => wake());
  build();
  if (document.body) document.documentElement.append(host);
  else addEventListener("DOMContentLoaded", () => document.documentElement.append(host));
})();
