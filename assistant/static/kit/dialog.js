import { h } from "./h.js";
import { t } from "./words.js";

/**
 * Asks a question that is answered with yes or no; Escape is no.
 *
 * @param {string} question
 * @param {{title?: string, yes?: string}} [options]
 * @returns {Promise<boolean>}
 */
export async function ask(question, { title, yes } = {}) {
  const asked = title ?? (await t("js.question"));
  const [confirm, cancel] = [yes ?? (await t("js.confirm")), await t("js.cancel")];
  return new Promise((resolve) => {
    const answer = (/** @type {string} */ value) => () => dialog.close(value);
    const dialog = /** @type {HTMLDialogElement} */ (
      h(
        "dialog",
        { class: "ask", "aria-labelledby": "ask-title", "aria-describedby": "ask-text" },
        h("h2", { id: "ask-title" }, asked),
        h("p", { id: "ask-text" }, question),
        h(
          "div",
          { class: "answers" },
          h("button", { class: "button", type: "button", onclick: answer("no"), autofocus: true }, cancel),
          h("button", { class: "button main", type: "button", onclick: answer("yes") }, confirm),
        ),
      )
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
