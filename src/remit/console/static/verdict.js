// @ts-check
// The verdict form: what must be seen first, how long the page was open, and the grace time.

const FIRST_WAIT_MS = 300;
const shown = performance.now();

for (const form of document.querySelectorAll("form[data-verdict]")) {
  form.addEventListener("submit", (event) => {
    const button = form.querySelector("button");
    if (performance.now() - shown < FIRST_WAIT_MS || button?.getAttribute("aria-disabled") === "true" || form.hasAttribute("data-sent")) {
      event.preventDefault();
      return;
    }
    form.setAttribute("data-sent", ""); // twice pressed is once decided
    const seconds = form.querySelector("[data-seconds]");
    if (seconds instanceof HTMLInputElement) seconds.value = String(Math.round((performance.now() - shown) / 1000));
  });
}

// Money and irreversible: Approve is inert until change and cost were in view.
const button = document.querySelector("[data-must-see]");
const must = document.querySelector("[data-must]");
if (button && must instanceof HTMLElement) {
  const wanted = new Set((button.getAttribute("data-must-see") ?? "").split(" "));
  const ends = new Map();
  for (const name of wanted) {
    const section = document.getElementById(name);
    const end = section?.lastElementChild;
    if (end) ends.set(end, name);
    else wanted.delete(name);
  }
  const lock = () => {
    const left = wanted.size > 0;
    must.hidden = !left;
    if (left) {
      button.setAttribute("aria-disabled", "true");
      button.setAttribute("aria-describedby", "must");
    } else {
      button.removeAttribute("aria-disabled");
      button.removeAttribute("aria-describedby");
    }
  };
  lock();
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const whole = entry.intersectionRect.bottom >= entry.boundingClientRect.bottom - 2;
      if (entry.isIntersecting && whole) wanted.delete(ends.get(entry.target));
    }
    lock();
  }, { threshold: [0, 0.25, 0.5, 0.75, 0.9, 1] });
  for (const end of ends.keys()) watch.observe(end);
}

// The grace time: counted from the server's clock, so that a wrong clock here changes nothing.
const count = document.querySelector("[data-until]");
if (count instanceof HTMLElement) {
  const left = (Date.parse(count.dataset.until ?? "") - Date.parse(count.dataset.now ?? "")) / 1000;
  const end = performance.now() / 1000 + left;
  const tick = () => {
    const seconds = Math.max(0, Math.ceil(end - performance.now() / 1000));
    count.textContent = seconds > 0 ? `Runs in ${seconds} s.` : "Due to run now.";
    if (seconds > 0) setTimeout(tick, 250); // afterwards the server says whether it is too late
  };
  tick();
}
