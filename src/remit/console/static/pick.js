// @ts-check
// Items that are picked to be answered together: kept while somebody moves through the list.

const KEPT = "remit-picked";
const PICKED_MAX = 200;
const boxes = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("[data-pick]")]);
const bar = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-picked]"));
/** @type {Set<string>} */
const picked = new Set(JSON.parse(sessionStorage.getItem(KEPT) ?? "[]"));

function shown() {
  const here = boxes.filter((box) => box.checked).length;
  const button = bar?.querySelector("button");
  if (bar) bar.hidden = here === 0;
  if (button) button.textContent = `Answer ${here} together`;
}

for (const box of boxes) {
  box.checked = picked.has(box.value);
  box.addEventListener("change", () => {
    if (box.checked) picked.add(box.value);
    else picked.delete(box.value);
    sessionStorage.setItem(KEPT, JSON.stringify([...picked].slice(-PICKED_MAX)));
    shown();
  });
}
bar?.addEventListener("submit", () => sessionStorage.removeItem(KEPT));
shown();
