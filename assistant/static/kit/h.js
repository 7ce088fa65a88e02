/**
 * Builds an element. Text is always text: nothing here ever parses HTML.
 *
 * @param {string} name Tag name.
 * @param {Record<string, unknown>} [properties] `on…` functions listen, `class`, `for`, `aria-…`, `data-…` and
 *   other names with a hyphen are attributes, everything else is a property. False and null leave an attribute out.
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {HTMLElement}
 */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === "function") {
      element.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
    } else if (key === "class" || key === "for" || key === "role" || key.includes("-")) {
      if (value !== false && value !== null && value !== undefined) element.setAttribute(key, String(value));
    } else {
      /** @type {any} */ (element)[key] = value;
    }
  }
  element.append(.../** @type {(Node|string)[]} */ (children.filter(Boolean)));
  return element;
}
