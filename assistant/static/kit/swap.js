/*
 * Submit and swap: a form or link with data-swap="#part" loads its page in the background and puts that page's
 * #part in place of this one's. Without scripts the same form or link simply loads the page.
 */
import { ask } from "./dialog.js";
import { csrf } from "./request.js";
import { toast } from "./toast.js";
import { t } from "./words.js";

/**
 * Loads a page as a document. (XMLHttpRequest parses it inertly and without a string ever becoming HTML here.)
 *
 * @param {string} method
 * @param {string} url
 * @param {BodyInit|null} body
 * @returns {Promise<{status: number, url: string, page: Document|null}>} Status 0: no answer.
 */
function load(method, url, body) {
  return new Promise((resolve) => {
    const call = new XMLHttpRequest();
    call.open(method, url);
    call.responseType = "document";
    if (method !== "GET") call.setRequestHeader("X-CSRF-Token", csrf());
    call.onloadend = () => resolve({ status: call.status, url: call.responseURL, page: call.response });
    call.send(/** @type {XMLHttpRequestBodyInit|null} */ (body));
  });
}

/**
 * @param {string} selector What to replace.
 * @param {string} method
 * @param {string} url
 * @param {BodyInit|null} [body]
 * @returns {Promise<boolean>} Whether it was replaced.
 */
export async function swap(selector, method, url, body = null) {
  const old = document.querySelector(selector);
  old?.setAttribute("aria-busy", "true");
  const { status, url: arrived, page } = await load(method, url, body);
  old?.removeAttribute("aria-busy");
  if (arrived && new URL(arrived).pathname === "/login") {
    location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
    return false;
  }
  const fresh = page?.querySelector(selector);
  if (!old || !fresh) {
    const told = page?.querySelector("[data-error-text]")?.textContent;
    await toast(told ?? (await t(status ? "js.failed" : "js.offline")), { error: true });
    return false;
  }
  const part = /** @type {HTMLElement} */ (document.importNode(fresh, true));
  old.replaceWith(part);
  if (method === "GET") history.replaceState(null, "", arrived);
  document.dispatchEvent(new CustomEvent("swapped", { detail: part }));
  part.focus({ preventScroll: true });
  part.querySelector(".notice, .once")?.scrollIntoView({ block: "nearest" });
  return true;
}

document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const { swap: selector, confirm } = form.dataset;
  if (!selector && !confirm) return;
  event.preventDefault();
  const pressed = /** @type {HTMLButtonElement|null} */ (event.submitter);
  if (confirm && !(await ask(confirm, { yes: pressed?.textContent?.trim() }))) return;
  if (!selector) return HTMLFormElement.prototype.submit.call(form);
  const fields = new URLSearchParams(/** @type {any} */ (new FormData(form, pressed)));
  // By attribute: a field called "action" or "method" would hide the form's own property.
  const method = (form.getAttribute("method") ?? "get").toUpperCase();
  const action = form.getAttribute("action") ?? location.pathname;
  if (method === "GET") await swap(selector, method, `${action}?${fields}`);
  else await swap(selector, method, action, fields);
});

document.addEventListener("click", async (event) => {
  const link = /** @type {Element} */ (event.target).closest("a[data-swap]");
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  if (!(link instanceof HTMLAnchorElement) || !plain) return;
  event.preventDefault();
  await swap(/** @type {string} */ (link.dataset.swap), "GET", link.href);
});
