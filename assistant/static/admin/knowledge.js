// The page of documents: uploads, ticks, and the box for trying a question.
import { t } from "../kit/words.js";
import { toast } from "../kit/toast.js";
import "./knowledge_try.js";
import "./knowledge_upload.js";

const BOXES = 'input[name="ids"]';

/** @param {Element} form @returns {HTMLInputElement[]} */
const ticked = (form) => [...form.querySelectorAll(`${BOXES}:checked`)].map((one) => /** @type {HTMLInputElement} */ (one));

document.addEventListener("change", async (event) => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  const form = box.closest("[data-bulk]");
  if (!form || (box.name !== "ids" && box.dataset.tickAll === undefined)) return;
  const all = /** @type {HTMLInputElement|null} */ (form.querySelector("[data-tick-all]"));
  const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll(BOXES));
  if (box === all) for (const one of boxes) one.checked = box.checked;
  const n = ticked(form).length;
  if (all) {
    all.checked = n === boxes.length;
    all.indeterminate = n > 0 && n < boxes.length;
  }
  form.querySelector("details")?.toggleAttribute("open", n > 0 || form.querySelector("details")?.open);
  const told = form.querySelector("[data-ticked]");
  if (told) told.textContent = n ? await t("js.ticked", { n }) : "";
});

// Before the form is submitted: the question names how many documents it is about.
document.addEventListener(
  "click",
  (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-bulk] button[name='action']");
    const form = button?.closest("form");
    if (!(button instanceof HTMLButtonElement) || !form) return;
    const n = ticked(form).length;
    if (!n) {
      event.preventDefault();
      t("js.tick_first").then((text) => toast(text));
    } else if (button.dataset.asks) {
      form.dataset.confirm = button.dataset.asks.replace("{n}", String(n));
    } else {
      delete form.dataset.confirm;
    }
  },
  true,
);
