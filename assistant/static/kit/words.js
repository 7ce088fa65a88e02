const language = document.documentElement.lang || "it";

/** @type {Promise<Record<string, string>>} Loaded once, when a script first has something to say. */
let texts;

/**
 * Returns a text of the catalogue (keys `js.…` and `error.…`) in the page's language.
 *
 * @param {string} key
 * @param {Record<string, string|number>} [values] Fill `{name}`.
 * @param {string} [fallback] When there is no such text.
 * @returns {Promise<string>}
 */
export async function t(key, values = {}, fallback = key) {
  texts ??= fetch(`/i18n/${language}.json`).then((answer) => (answer.ok ? answer.json() : {}));
  const text = (await texts.catch(() => ({})))[key] ?? fallback;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
