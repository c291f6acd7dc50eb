// Keys: `/` goes to anything, `g` and a letter to a page, `?` lists them, arrows walk a flow.
// Single keys are off inside fields, and wherever the operator switched them off.

const isField = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;
const singleKeys = () => document.body.dataset.keys === "on";
const G_WAITS_MS = 1500;
let lastG = -Infinity;

const visible = (selector) =>
  [...document.querySelectorAll(selector)].find((it) => it.getClientRects().length > 0);

function close(event) {
  const open = document.querySelector("details.drop[open], details.operator[open]");
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
    return;
  }
  const way = document.querySelector("[data-close]");
  if (way && !document.querySelector(":popover-open")) {
    event.preventDefault();
    way.click();
  }
}

function walk(event) {
  const steps = [...document.querySelectorAll("[data-step]")];
  const at = steps.indexOf(document.activeElement);
  if (at < 0) return;
  const next = steps[at + (event.key === "ArrowDown" ? 1 : -1)];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.target.closest?.("form")?.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape") {
    if (isField(event.target)) event.target.blur();
    else close(event);
    return;
  }
  if (isField(event.target)) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") return walk(event);
  if (!singleKeys()) return;
  if (event.key === "/") {
    const field = visible(".go-to input") ?? null;
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  } else if (event.key === "?") {
    document.getElementById("keys")?.togglePopover();
  } else if (event.key === "g") {
    lastG = event.timeStamp;
    return;
  } else if (event.timeStamp - lastG < G_WAITS_MS) {
    document.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click();
  }
  lastG = -Infinity;
});

// A menu closes when the page beside it is clicked.
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.drop[open], details.operator[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
