// @ts-check
// Keys: the table stands in the page as `data-key`; this file only finds who answers to a key.

const FIRST_WAIT_MS = 300; // a verdict key does nothing just after the page changed
const PAIR_WAIT_MS = 1200; // how long `g` waits for its second key
const shown = performance.now();
let first = "";
let firstAt = 0;

/** @param {EventTarget | null} target */
function inField(target) {
  return target instanceof HTMLElement && target.closest("input, select, textarea, [contenteditable]") !== null;
}

/** @param {Element} element */
function visible(element) {
  return element.getClientRects().length > 0;
}

/** @param {string} key @returns {HTMLElement | undefined} */
function answering(key) {
  const found = document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`);
  return /** @type {HTMLElement | undefined} */ ([...found].find(visible));
}

/** The rows, where one is, and where a step leads; @param {number} step @returns {[HTMLElement[], number, number, number]} */
function steps(step) {
  const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-row]")].filter(visible));
  const focused = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const current = rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  const from = focused >= 0 ? focused : current;
  const to = from < 0 ? 0 : Math.min(Math.max(from + step, 0), rows.length - 1);
  return [rows, from, to, current];
}

/** @param {number} step */
function move(step) {
  const [rows, , to, current] = steps(step);
  if (rows.length === 0) return;
  const row = rows[to];
  const pane = document.querySelector(".desk .pane");
  if (row instanceof HTMLAnchorElement && pane && visible(pane) && to !== current) {
    sessionStorage.setItem("remit-focus", "row");
    location.replace(row.href);
    return;
  }
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

/** @param {HTMLElement} row */
function pick(row) {
  const box = row.closest("li")?.querySelector("[data-pick]");
  if (box instanceof HTMLInputElement && !box.checked) box.click();
}

/** @param {number} step */
function extend(step) {
  const [rows, from, to] = steps(step);
  if (rows[from]) pick(rows[from]);
  if (rows[to]) pick(rows[to]);
  move(step);
}

/** @param {HTMLElement} element */
function act(element) {
  if (element.dataset.extend) {
    extend(Number(element.dataset.extend));
  } else if (element.matches("input[type=checkbox]")) {
    element.click();
  } else if (element.matches("a, button, summary")) {
    sessionStorage.setItem("remit-focus", "row");
    element.click();
  } else if (element.matches("input, select, textarea")) {
    element.focus();
  } else {
    element.focus();
    element.scrollIntoView({ block: "start" });
  }
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key !== "Escape" && inField(event.target)) return;
  if (document.documentElement.dataset.keys === "off" && event.key !== "Escape") return;
  const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const key = event.shiftKey && /^[a-z]$/.test(letter) ? `Shift+${letter}` : letter;
  const now = performance.now();
  if (first && now - firstAt < PAIR_WAIT_MS) {
    const pair = answering(`${first} ${key}`);
    first = "";
    if (pair) {
      event.preventDefault();
      act(pair);
      return;
    }
  }
  if (key === "g") {
    first = "g";
    firstAt = now;
    return;
  }
  if (key === "j" || key === "k") {
    event.preventDefault();
    move(key === "j" ? 1 : -1);
    return;
  }
  if (key === "n") {
    const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-problem]")]);
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = all[(at + 1) % all.length];
    if (next) {
      event.preventDefault();
      next.focus();
      next.scrollIntoView({ block: "center" });
    }
    return;
  }
  const element = answering(key);
  if (!element) return;
  event.preventDefault();
  if ((key === "a" || key === "r") && now - shown < FIRST_WAIT_MS) return;
  act(element);
}

document.addEventListener("keydown", pressed);

// After a key led here, focus stands on the chosen row, as it did before.
if (sessionStorage.getItem("remit-focus") === "row") {
  sessionStorage.removeItem("remit-focus");
  const row = document.querySelector("[data-row][aria-current]");
  const waiting = document.querySelector("[autofocus]");
  if (row instanceof HTMLElement && visible(row) && !waiting) row.focus();
}
const chosen = document.querySelector(".list [aria-current='true'][data-row]");
if (chosen && visible(chosen)) chosen.scrollIntoView({ block: "nearest" });
