/*
 * A field with data-filters="#rows" hides the children of #rows whose data-text (or text) lacks a word of it;
 * data-none="#none" is shown when nothing is left.
 */

/** @param {string} text */
const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** @param {HTMLInputElement} field */
function filter(field) {
  const { filters = "", none = "" } = field.dataset;
  const wanted = fold(field.value).split(/\s+/).filter(Boolean);
  let left = 0;
  for (const row of /** @type {HTMLElement[]} */ ([...(document.querySelector(filters)?.children ?? [])])) {
    const text = fold(row.dataset.text ?? row.textContent ?? "");
    row.hidden = !wanted.every((word) => text.includes(word));
    if (!row.hidden) left += 1;
  }
  const empty = /** @type {HTMLElement|null} */ (none ? document.querySelector(none) : null);
  if (empty) empty.hidden = left > 0;
}

document.addEventListener("input", (event) => {
  const field = event.target;
  if (field instanceof HTMLInputElement && field.dataset.filters) filter(field);
});
