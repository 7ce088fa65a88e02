/*
 * Uploads with progress: three files on their way at once, each with a key of its own, so that trying again never
 * doubles anything. What became of a file is asked for until it is known.
 */
import { h } from "../kit/h.js";
import { csrf, request } from "../kit/request.js";
import { swap } from "../kit/swap.js";
import { t } from "../kit/words.js";

const AT_ONCE = 3;
const EVERY = 1000; // milliseconds between two looks
const LISTED = 500; // uploads that one look returns
const SAVED_BY_SERVER = new Set(["received", "parsing", "embedding"]);
const SHOWN = 20; // documents of one archive

/**
 * One file on its way.
 *
 * @typedef {object} Upload
 * @property {File} file
 * @property {Record<string, string>} fields What is said beside it.
 * @property {string} key
 * @property {string} state waiting, sending, unsent, or a state of the server.
 * @property {string} [id]
 * @property {any[]} [files] What became of each document in it.
 * @property {string} [problem]
 * @property {HTMLElement} row
 * @property {HTMLProgressElement} bar
 */

/** @type {Upload[]} */
const uploads = [];
let sending = 0;
let looking = false;

const form = /** @type {HTMLFormElement|null} */ (document.querySelector("form[data-upload]"));
const box = /** @type {HTMLElement|null} */ (document.querySelector("[data-sending]"));

/** @returns {string} An idempotency key; randomUUID is missing on plain HTTP. */
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** @param {File} file @param {Record<string, string>} fields */
async function add(file, fields) {
  const label = await t("js.upload.progress", { name: file.name });
  const bar = /** @type {HTMLProgressElement} */ (h("progress", { max: 100, value: 0, "aria-label": label }));
  const row = h("li", { class: "row" });
  const upload = { file, fields, key: newKey(), state: "waiting", row, bar };
  uploads.push(upload);
  box?.querySelector("[data-sending-rows]")?.append(row);
  await show(upload);
}

/** @param {FileList|File[]} files */
async function addAll(files) {
  if (!form || !box) return;
  const said = new FormData(form);
  const fields = { audience: String(said.get("audience")), draft: String(said.get("draft")), responsible: String(said.get("responsible")).trim() };
  box.hidden = false;
  for (const file of files) await add(file, fields);
  sendNext();
}

function sendNext() {
  while (sending < AT_ONCE) {
    const next = uploads.find((one) => one.state === "waiting");
    if (!next) return;
    sending += 1;
    next.state = "sending";
    send(next).finally(() => {
      sending -= 1;
      sendNext();
    });
  }
}

/** @param {Upload} upload Sent by XMLHttpRequest: `fetch` does not tell how much has gone. */
function post(upload) {
  const body = new FormData();
  body.append("file", upload.file);
  for (const [name, value] of Object.entries(upload.fields)) body.append(name, value);
  return new Promise((resolve) => {
    const call = new XMLHttpRequest();
    call.open("POST", "/api/v1/documents");
    call.responseType = "json";
    call.setRequestHeader("X-CSRF-Token", csrf());
    call.setRequestHeader("Idempotency-Key", upload.key);
    call.upload.onprogress = ({ loaded, total }) => (upload.bar.value = total ? (100 * loaded) / total : 0);
    call.onloadend = () => resolve({ status: call.status, found: call.response, wait: Number(call.getResponseHeader("Retry-After")) });
    call.send(body);
  });
}

/** @param {Upload} upload */
async function send(upload) {
  upload.problem = undefined;
  await show(upload);
  const { status, found, wait } = await post(upload);
  if (status === 202) {
    Object.assign(upload, { id: found.id, state: found.state, files: found.files });
    look();
  } else if (status === 429) {
    upload.problem = await t("js.upload.pause");
    await show(upload);
    await pause(1000 * (wait || 5));
    Object.assign(upload, { state: "waiting", problem: undefined });
  } else {
    upload.state = "unsent";
    upload.problem = status ? await t(`error.${found?.error}`, {}, found?.detail ?? (await t("js.failed"))) : await t("js.offline");
  }
  await show(upload);
}

/** @param {Upload} upload */
async function again(upload) {
  if (upload.state === "failed" && upload.id) {
    await request(`/api/v1/uploads/${upload.id}/retry`, { method: "POST" });
    upload.state = "received";
    look();
  } else {
    upload.state = "waiting"; // with the same key: what arrived already is not taken twice
    sendNext();
  }
  await show(upload);
}

/** Asks how far the files are until all have come to an end. */
async function look() {
  if (looking) return;
  looking = true;
  try {
    while (uploads.some((one) => one.id && SAVED_BY_SERVER.has(one.state))) {
      await pause(EVERY);
      const { uploads: listed } = await request(`/api/v1/uploads?limit=${Math.min(LISTED, uploads.length + 50)}`);
      for (const one of listed) {
        const known = uploads.find((other) => other.id === one.id);
        if (!known || (known.state === one.state && known.files?.length === one.files.length)) continue;
        Object.assign(known, { state: one.state, files: one.files, problem: one.state === "failed" ? one.error : undefined });
        await show(known);
      }
    }
  } catch {
    await pause(5 * EVERY); // the server is away: it goes on reading when it is back, and we go on asking
  } finally {
    looking = false;
  }
  if (uploads.some((one) => one.id && SAVED_BY_SERVER.has(one.state))) look();
  else if (!uploads.some((one) => ["waiting", "sending"].includes(one.state))) await refresh();
}

/** Brings list and last uploads up to date, unless somebody is at work in them. */
async function refresh() {
  const list = document.querySelector("#documents");
  if (!list || list.contains(document.activeElement) || list.querySelector("input[name=ids]:checked")) return;
  const focused = /** @type {HTMLElement|null} */ (document.activeElement);
  await swap("#documents", "GET", location.href);
  focused?.focus({ preventScroll: true });
}

/** @param {any} file What became of one document. */
async function result(file) {
  const address = `/admin/knowledge/find?source=${encodeURIComponent(file.source)}`;
  const reason = file.reason ? ` · ${await t(`error.${file.reason}`, {}, file.detail)}` : "";
  const marks = await Promise.all(
    (file.warnings ?? []).map(async (/** @type {string} */ kind) =>
      h("a", { class: "mark warn", href: `${address}#warnings` }, await t(`js.warning.${kind}`)),
    ),
  );
  const name = file.outcome === "ignored" ? h("span", {}, file.source) : h("a", { href: address, class: "break" }, file.source);
  return h("li", {}, name, `: ${await t(`js.outcome.${file.outcome}`)}${reason} `, ...marks);
}

/** @param {Upload} upload */
const refused = (upload) => upload.files?.filter((one) => one.outcome === "refused").length ?? 0;

/** @param {Upload} upload */
const kindOf = (upload) =>
  ["failed", "unsent"].includes(upload.state) || (upload.state === "done" && refused(upload)) ? "bad" : upload.state === "done" ? "good" : "";

/** @param {Upload} upload Writes its row anew. */
async function show(upload) {
  const { file, state, files = [], row, bar } = upload;
  const results = await Promise.all(files.slice(0, SHOWN).map(result));
  const over = ["done", "failed", "unsent"].includes(state);
  const one = files.length === 1 && state === "done" ? files[0].outcome : "";
  const mark = h("span", { class: `mark ${kindOf(upload)}` }, one ? await t(`js.outcome.${one}`) : await t(`js.upload.${state}`));
  const retry = h("button", { class: "button", type: "button", onclick: () => again(upload) }, await t("js.retry"));
  if (state !== "sending" && state !== "waiting") bar.removeAttribute("value"); // sent: how long it is read nobody knows
  row.dataset.state = state;
  row.replaceChildren(
    h("div", { class: "grow" }, h("strong", { class: "break" }, file.name), h("ul", { class: "small results" }, ...results, upload.problem && h("li", {}, upload.problem))),
    ...(over ? [] : [bar]),
    mark,
    ...(state === "failed" || state === "unsent" ? [retry] : []),
  );
  await summarise();
}

async function summarise() {
  const over = uploads.filter((one) => ["done", "failed", "unsent"].includes(one.state));
  const bad = over.filter((one) => kindOf(one) === "bad").length;
  const told = box?.querySelector("[data-sending-summary]");
  const text = await t("js.upload.summary", { done: over.length, total: uploads.length, good: over.length - bad, bad });
  if (told) told.textContent = text;
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = /** @type {HTMLInputElement} */ (form.elements.namedItem("files"));
  await addAll([...(input.files ?? [])]);
  input.value = "";
});

const zone = form?.querySelector(".drop-zone");
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  zone?.addEventListener(name, (event) => {
    event.preventDefault();
    zone.classList.toggle("over", name === "dragenter" || name === "dragover");
  });
}
zone?.addEventListener("drop", (event) => addAll([.../** @type {DragEvent} */ (event).dataTransfer?.files ?? []]));

document.addEventListener("click", async (event) => {
  const button = /** @type {Element} */ (event.target).closest("[data-retry]");
  if (!(button instanceof HTMLButtonElement)) return;
  button.disabled = true;
  try {
    await request(`/api/v1/uploads/${button.dataset.retry}/retry`, { method: "POST" });
  } finally {
    await swap("#uploads", "GET", location.href);
  }
});

addEventListener("beforeunload", (event) => {
  if (uploads.some((one) => ["waiting", "sending"].includes(one.state))) event.preventDefault();
});
