// Forms: a choice asks again at once, a button that was pressed says so and cannot be pressed twice,
// a toast goes away by itself unless somebody reads it.

const TOAST_STAYS_MS = 6000;

document.addEventListener("change", (event) => {
  if (event.target.matches("select[data-auto]")) event.target.form.requestSubmit();
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.method !== "post") return;
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
});

// Coming back by the browser's button, a form may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
});

for (const toast of document.querySelectorAll("[data-toast]")) {
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, 1000);
    else toast.remove();
  };
  setTimeout(leave, TOAST_STAYS_MS);
}
