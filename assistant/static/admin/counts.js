// How much waits, beside the entries of the menu: asked for after the page is there, so that none waits for it.
import { request } from "../kit/request.js";

async function count() {
  const places = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-count]"));
  if (!places.length) return;
  const waiting = await request("/admin/waiting").catch(() => ({}));
  for (const place of places) {
    const number = waiting[place.dataset.count ?? ""];
    place.hidden = !number;
    place.textContent = number ? String(number) : "";
  }
}

count();
document.addEventListener("swapped", count);
