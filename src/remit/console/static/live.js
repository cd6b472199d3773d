// @ts-check
// Counts and "N new: show": the stream carries names, ids and counts; nothing in a list moves.

const news = /** @type {HTMLElement | null} */ (document.querySelector("[data-news]"));
const note = document.querySelector("[data-live]");
const calm = note ? note.textContent : "";
const NAMES = location.pathname.startsWith("/inbox")
  ? ["governance:approval:requested"]
  : location.pathname.startsWith("/quarantine")
    ? ["intake:case:quarantined"]
    : location.pathname === "/cases"
      ? ["intake:case:received", "intake:case:quarantined"]
      : location.pathname === "/health"
        ? ["orchestration:case:escalated", "orchestration:effect:ambiguous", "ledger:verify:finished"]
        : [];
const own = news ? news.dataset.case : undefined;
const seen = new Set();
let since = note instanceof HTMLElement ? note.dataset.opened : "";
/** @type {EventSource | null} */
let source = null;

/** @param {MessageEvent<string>} message */
function changed(message) {
  const { counts, changes } = JSON.parse(message.data);
  for (const place of document.querySelectorAll("[data-count]")) {
    const count = counts[place.getAttribute("data-count") ?? ""];
    if (typeof count === "number") {
      const zero = place.closest("dd") ? "0" : "";
      place.textContent = count === 0 ? zero : count.toLocaleString("en");
    }
  }
  for (const change of changes) {
    if (own ? change.id === own : NAMES.includes(change.name)) seen.add(`${change.name} ${change.id} ${own ? message.lastEventId : ""}`);
  }
  since = new Date().toISOString().slice(11, 19);
  if (news && seen.size > 0) {
    const count = news.querySelector("[data-news-count]");
    if (count) count.textContent = String(seen.size);
    news.hidden = false;
  }
}

function open() {
  if (source) return;
  source = new EventSource(document.querySelector("dd[data-count]") ? "/events?totals" : "/events");
  source.addEventListener("change", changed);
  source.addEventListener("open", () => {
    if (note) note.textContent = calm;
  });
  source.addEventListener("error", () => {
    if (note) note.textContent = `No connection; as of ${since}. You can read.`;
  });
}

function close() {
  source?.close();
  source = null;
}

// A browser allows six connections to a host: a hidden page gives its own back.
document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
window.addEventListener("pagehide", close);
window.addEventListener("pageshow", () => document.hidden || open());
if (!document.hidden) open();
