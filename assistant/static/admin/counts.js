// How much waits, beside the entries of the menu: asked for after the page is there, so that none waits for it.
// While they are being counted it asks again, and a page that waits for them too is loaded when they are there.
import { request } from "../kit/request.js";
import { swap } from "../kit/swap.js";

const AGAIN = 3000; // milliseconds
let timer = 0;

async function count() {
  const places = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-count]"));
  if (!places.length) return;
  clearTimeout(timer);
  const { counts = {}, counting = false } = await request("/admin/waiting").catch(() => ({}));
  for (const place of places) {
    const number = counts[place.dataset.count ?? ""];
    place.hidden = !number;
    place.textContent = number ? String(number) : "";
  }
  const looking = document.querySelector("[data-looking]");
  if (counting || (looking && busy())) timer = setTimeout(count, AGAIN);
  else if (looking) await swap("#findings", "GET", location.href);
}

/** Somebody who is writing there would lose what was written. */
function busy() {
  return document.querySelector("#findings input:focus, #findings select:focus, dialog[open]") !== null;
}

count();
document.addEventListener("swapped", count);
