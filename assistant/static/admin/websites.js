// A run under way tells how far it is; when it has ended its part of the page is loaded again.
import { request } from "../kit/request.js";
import { swap } from "../kit/swap.js";
import { toast } from "../kit/toast.js";
import { t } from "../kit/words.js";

const EVERY = 1500; // milliseconds

async function look() {
  for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-run]"))) {
    const seen = await request(`/api/v1/websites/${place.dataset.run}`).catch(() => null);
    if (seen?.is_running) place.textContent = await t("js.websites.progress", { n: seen.pages_seen });
    else if (seen) {
      const { pathname, search } = location;
      await swap("#now", "GET", pathname + search.replace(/done=\w+&?/, ""));
      await toast(await t("js.websites.ended", { address: seen.url }));
      break;
    }
  }
  setTimeout(look, EVERY);
}

look();
