/*
 * Small comforts of every page: times in the reader's own zone, buttons that copy, menus that close,
 * and what only makes sense with scripts is shown.
 */
import { toast } from "./toast.js";
import { t } from "./words.js";

const times = new Intl.DateTimeFormat(document.documentElement.lang === "en" ? "en-GB" : "it", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});

/** @param {ParentNode} part A page, or a part of one that has just come. */
function settle(part) {
  for (const time of part.querySelectorAll("time[datetime]")) {
    time.textContent = times.format(new Date(/** @type {string} */ (time.getAttribute("datetime"))));
  }
  for (const one of /** @type {NodeListOf<HTMLElement>} */ (part.querySelectorAll("[data-copy], [data-needs-script]"))) {
    one.hidden = one.dataset.copy !== undefined && !navigator.clipboard; // only on HTTPS and on this machine
  }
}

settle(document);
document.addEventListener("swapped", (event) => settle(/** @type {CustomEvent<HTMLElement>} */ (event).detail));

document.addEventListener("click", async (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  for (const menu of document.querySelectorAll("details.drop[open]")) {
    if (!menu.contains(target)) menu.removeAttribute("open");
  }
  const { copy } = /** @type {HTMLElement|null} */ (target.closest("[data-copy]"))?.dataset ?? {};
  if (!copy) return;
  try {
    await navigator.clipboard.writeText(document.querySelector(copy)?.textContent ?? "");
    await toast(await t("js.copied"));
  } catch {
    await toast(await t("js.failed"), { error: true });
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return; // a dialog closes first, alone
  for (const menu of document.querySelectorAll("details.drop[open]")) {
    menu.removeAttribute("open");
    /** @type {HTMLElement|null} */ (menu.querySelector("summary"))?.focus();
  }
});
