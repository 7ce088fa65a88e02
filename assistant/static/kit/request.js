import { t } from "./words.js";

/** An answer that is an error: `code` for programs, `message` for people. */
export class RequestError extends Error {
  /**
   * @param {string} message
   * @param {string} code
   * @param {number} status 0 when there was no answer at all.
   */
  constructor(message, code, status) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** @returns {string} What our pages prove themselves with. */
export const csrf = () => document.querySelector('meta[name="csrf"]')?.getAttribute("content") ?? "";

/**
 * Calls the API as the signed-in person.
 *
 * @param {string} path
 * @param {{method?: string, json?: unknown, body?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 * @returns {Promise<any>} The JSON of the answer; null when it has none.
 * @throws {RequestError} With words to show. When the session has ended the page goes to the sign-in.
 */
export async function request(path, { method = "GET", json, body, headers = {}, signal } = {}) {
  const sent = { ...headers, "X-CSRF-Token": csrf(), Accept: "application/json" };
  if (json !== undefined) sent["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, body: json === undefined ? body : JSON.stringify(json), headers: sent, signal });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RequestError(await t("js.offline"), "offline", 0);
  }
  const isJson = answer.headers.get("content-type")?.startsWith("application/json");
  const found = isJson ? await answer.json() : null;
  if (answer.ok) return found;
  if (answer.status === 401) location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  const code = found?.error ?? "http_error";
  throw new RequestError(await t(`error.${code}`, {}, found?.detail ?? (await t("js.failed"))), code, answer.status);
}
