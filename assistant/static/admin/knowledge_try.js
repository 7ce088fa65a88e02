/*
 * "Try a question": asks as a customer or an operator would, and shows the answer with its reliability in words,
 * what it quotes, and every passage that was found with its scores, used or not.
 */
import { h } from "../kit/h.js";
import { request } from "../kit/request.js";
import { t } from "../kit/words.js";

const CLOSE = 0.75; // of the best score of the same search
const FAIR = 0.45;

/** @param {any} band What a reliability like this has meant so far; null for words of our own. */
async function reliability(band) {
  if (!band) return h("p", { class: "muted" }, await t("js.try.no_band"));
  const kind = { high: "good", medium: "warn", low: "bad" }[band.name] ?? "";
  const meaning = await t("js.try.band.meaning", { answers: band.answers, right: Math.round(band.right * 100) });
  return h("p", {}, h("span", { class: `mark ${kind}` }, await t(`js.try.band.${band.name}`)), " ", meaning);
}

/** @param {any[]} citations */
async function sources(citations) {
  if (!citations.length) return h("p", { class: "muted" }, await t("js.try.no_citations"));
  const rows = citations.map(async (one) => {
    const isDocument = one.kind === "document"; // the other kind is what a person wrote for the question
    const link = h(isDocument ? "a" : "span", isDocument ? { href: `/admin/knowledge/${one.document_id}` } : {}, one.title);
    const version = one.version ? ` · ${await t("js.try.version", { version: one.version })}` : "";
    return h("li", {}, `[${one.index}] `, link, one.section ? ` · ${one.section}` : "", version);
  });
  return h("ul", { class: "results" }, ...(await Promise.all(rows)));
}

/** @param {any} passage @param {number} best @param {any|undefined} sentence @param {boolean} used */
async function passageRow(passage, best, sentence, used) {
  const share = best > 0 ? Math.max(0, passage.score) / best : 0;
  const fit = share >= CLOSE ? "high" : share >= FAIR ? "medium" : "low";
  const told = await t("js.try.score", { score: Math.round(passage.score * 100) });
  const scores = await t("js.try.scores", {
    dense: passage.dense.toFixed(2),
    lexical: passage.lexical.toFixed(1),
    spelling: passage.spelling.toFixed(1),
  });
  const why = sentence ? await t("js.try.unused.sentence", { text: sentence.text }) : await t("js.try.unused.weak");
  return h(
    "li",
    { class: "row" },
    h(
      "div",
      { class: "grow" },
      h("a", { href: `/admin/knowledge/${passage.document}` }, passage.title || passage.source),
      h("span", { class: "muted" }, ` ${passage.section}`),
      passage.audience === "internal" && h("span", { class: "mark warn" }, await t("js.try.internal")),
      h("span", { class: "fact muted small" }, `${await t(`js.try.fit.${fit}`)} · ${scores}`),
      !used && h("span", { class: "fact small" }, why),
    ),
    h("meter", { min: 0, max: 1, value: passage.score, "aria-label": told, title: told }),
    h("span", { class: used ? "mark good" : "mark" }, used ? await t("js.try.used") : await t("js.try.unused")),
  );
}

/** @param {any} answer */
async function passages(answer) {
  const trace = answer.trace;
  const found = trace.passages ?? [];
  if (!found.length) return h("p", { class: "muted" }, await t("js.try.nothing"));
  const quoted = new Set(answer.citations.map((/** @type {any} */ one) => one.chunk_id));
  const best = Math.max(...found.map((/** @type {any} */ one) => one.score));
  const rows = found.map((/** @type {any} */ one, /** @type {number} */ place) => {
    const sentences = (trace.considered ?? []).filter((/** @type {any} */ other) => other.passage === place);
    sentences.sort((/** @type {any} */ a, /** @type {any} */ b) => b.score - a.score);
    return passageRow(one, best, sentences[0], quoted.has(one.chunk));
  });
  return h("ul", { class: "rows plain" }, ...(await Promise.all(rows)));
}

/** @param {HTMLFormElement} form @param {Element} place */
async function ask(form, place) {
  const fields = new FormData(form);
  const stage = fields.get("stage");
  const asked = {
    query: fields.get("query"),
    language: fields.get("language"),
    internal: fields.has("internal"),
    ...(stage ? { stage } : {}),
  };
  place.replaceChildren(h("p", { class: "muted" }, await t("js.try.asking")));
  form.setAttribute("aria-busy", "true");
  try {
    const answer = await request("/api/v1/ask", { method: "POST", json: asked });
    const option = form.querySelector(`option[value="${CSS.escape(answer.reading.stage)}"]`);
    place.replaceChildren(
      h("h3", {}, await t(`js.try.action.${answer.action}`)),
      h("blockquote", { class: "as-is", lang: answer.language }, answer.answer),
      await reliability(answer.band),
      option ? h("p", { class: "muted" }, await t("js.try.stage", { stage: option.textContent ?? "" })) : "",
      h("h3", {}, await t("js.try.citations")),
      await sources(answer.citations),
      h("h3", {}, await t("js.try.why")),
      await passages(answer),
    );
  } catch (error) {
    place.replaceChildren(h("p", { class: "notice bad", role: "alert" }, /** @type {Error} */ (error).message));
  } finally {
    form.removeAttribute("aria-busy");
  }
}

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.dataset.try === undefined) return;
  event.preventDefault();
  const place = form.parentElement?.querySelector("[data-try-result]");
  if (place && !form.hasAttribute("aria-busy")) ask(form, place);
});
