import { h } from "./h.js";
import { t } from "./words.js";

const STAYS = 8000; // milliseconds; errors stay until they are closed
const place = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
document.body.append(place);

/**
 * Shows a sentence at the foot of the page, and reads it out.
 *
 * @param {string} text
 * @param {{error?: boolean}} [options]
 */
export async function toast(text, { error = false } = {}) {
  const close = h("button", { class: "button", type: "button", onclick: () => box.remove() }, await t("js.close"));
  const box = h("div", { class: "toast" }, h("span", {}, text), close);
  place.append(box);
  if (!error) setTimeout(() => box.remove(), STAYS);
}
