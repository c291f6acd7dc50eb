// Live parts: what came late is fetched and put in its place, and counts on a map and what arrives
// are kept fresh.
// Both read ordinary pages of the server; without this module they are links and a page to reload.

const ANNOUNCE_MS = 1000;
let announcedAt = -Infinity;

async function read(href) {
  const answer = await fetch(href, { headers: { accept: "text/html" }, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

for (const box of document.querySelectorAll("[data-part]")) {
  read(box.dataset.part)
    .then((page) => {
      const part = page.getElementById(box.id);
      if (part && !part.dataset.part) box.replaceWith(document.adoptNode(part));
    })
    .catch(() => {
      const way = box.querySelector("a");
      if (way) way.textContent = "Could not be read. Try again";
    });
}

function announce(words, now) {
  if (now - announcedAt < ANNOUNCE_MS) return;
  announcedAt = now;
  const status = document.getElementById("live-status");
  if (status) status.textContent = words;
}

function freshen(page) {
  const fresh = new Map();
  for (const it of page.querySelectorAll("[data-live]")) {
    fresh.set(it.dataset.live, it.textContent);
  }
  for (const it of document.querySelectorAll("[data-live]")) {
    const text = fresh.get(it.dataset.live);
    if (text === undefined || text === it.textContent) continue;
    it.textContent = text;
    if (it.dataset.live === "in-now") announce(`${text} customers in it now`, performance.now());
  }
  for (const it of document.querySelectorAll("[data-fresh]")) {
    const part = page.getElementById(it.id);
    // What somebody is reading with the keyboard or has selected stays under their hands.
    const selection = getSelection();
    const isSelected = !selection.isCollapsed && selection.containsNode(it, true);
    const isHeld = isSelected || it.contains(document.activeElement);
    if (!part || isHeld || part.isEqualNode(it)) continue;
    it.replaceWith(document.adoptNode(part));
  }
  const path = page.querySelector(".ribbon path");
  if (path) document.querySelector(".ribbon path")?.setAttribute("d", path.getAttribute("d"));
}

const map = document.querySelector("[data-refresh]");
if (map) {
  const seconds = Math.max(2, Number(map.dataset.refresh) || 5);
  setInterval(() => {
    if (document.visibilityState === "visible") read(location.href).then(freshen).catch(() => {});
  }, seconds * 1000);
}
