// A segment: what is typed or changed on one side is asked a moment later, and everything that follows
// from it (the other side, the count, what each clause leaves) is put in its place.
// Without this module both sides are forms with a button.

const WAITS_MS = 250;
const PARTS = ["segment-state", "segment-save", "segment-figures", "segment-error", "segment-findings",
  "segment-change", "segment-clauses", "segment-drawn", "segment-overlaps", "segment-why"];

const card = document.querySelector("[data-segment]");

if (card) {
  let timer;
  let asking;

  const place = (page, id) => {
    const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
    if (old && fresh && !old.contains(document.activeElement)) {
      old.replaceWith(document.adoptNode(fresh));
    }
  };

  // Puts the builder in its place and the hand back on the field it was on.
  const renew = (page) => {
    const at = [...document.querySelectorAll("[data-builder] [data-ask]")].indexOf(document.activeElement);
    if (at >= 0) document.activeElement.blur();
    place(page, "segment-builder");
    document.querySelectorAll("[data-builder] [data-ask]")[at]?.focus();
  };

  const ask = async (form, submitter) => {
    asking?.abort();
    asking = new AbortController();
    const query = new URLSearchParams(new FormData(form, submitter));
    const href = `${form.getAttribute("action")}?${query}`;
    card.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(href, {
        headers: { accept: "text/html" }, credentials: "same-origin", signal: asking.signal,
      });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const id of PARTS) place(page, id);
      // A field one types into stays under one's hands.
      if (!document.activeElement?.matches("[data-builder] input")) renew(page);
      const written = page.getElementById("condition");
      const field = document.getElementById("condition");
      if (written && field && !form.matches("[data-written]")) field.value = written.value;
      history.replaceState(null, "", answer.url);
      card.removeAttribute("aria-busy");
    } catch (err) {
      if (err.name === "AbortError") return;
      card.removeAttribute("aria-busy");
      form.submit();
    }
  };

  const later = (form) => {
    clearTimeout(timer);
    timer = setTimeout(() => ask(form), WAITS_MS);
  };

  // On a phone one side is shown at a time.
  card.addEventListener("click", (event) => {
    const half = event.target.closest("[data-half]")?.dataset.half;
    if (!half) return;
    for (const it of card.querySelectorAll("[data-half]")) {
      it.setAttribute("aria-pressed", String(it.dataset.half === half));
    }
    card.dataset.shows = half;
  });

  const hear = (event, fields) => {
    const form = event.target.closest("form[data-written], form[data-builder]");
    if (form && event.target.matches(fields)) later(form);
  };
  card.addEventListener("input", (event) => hear(event, "textarea, input[data-ask]"));
  card.addEventListener("change", (event) => hear(event, "select[data-ask]"));

  card.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-written], [data-builder]")) return;
    event.preventDefault();
    clearTimeout(timer);
    event.submitter?.blur();
    ask(form, event.submitter);
  });
}
