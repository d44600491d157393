"use strict";
// Behavior of our pages beyond links and forms.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  await navigator.clipboard.writeText("value" in source ? source.value : source.textContent);
  button.textContent = button.dataset.copied;
});

// Scrolls the current tab into view.
for (const tab of document.querySelectorAll(".sk-tabs [aria-current]")) {
  const bar = tab.parentElement;
  bar.scrollLeft += tab.getBoundingClientRect().left - bar.getBoundingClientRect().left - (bar.clientWidth - tab.offsetWidth) / 2;
}

// Labels each cell of a stacked table with its column; blank cells become empty, so that the style hides them.
for (const table of document.querySelectorAll(".sk-stacks")) {
  const columns = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  for (const row of table.tBodies[0].rows) [...row.cells].forEach((cell, index) => {
    cell.dataset.label = columns[index];
    if (!cell.children.length && !cell.textContent.trim()) cell.replaceChildren();
  });
}

// unfold writes the chosen file's name into an adjacent text field, which our forms do not have.
for (const input of document.querySelectorAll(".sk-field input[type=file], .sk-upload input[type=file], .sk-editor input[type=file]")) {
  input.hasChangeListener = true;
}

// Prevents double submits: until the response arrives, further clicks are ignored and a busy state is shown.
const SAY_AFTER = 400;
window.working = (form, on) => {
  form.querySelector(":scope > .sk-working")?.remove();
  form.toggleAttribute("data-busy", on);
  if (!on) return form.removeAttribute("aria-busy");
  form.setAttribute("aria-busy", "true");
  const told = Object.assign(document.createElement("p"), { className: "sk-working" });
  told.setAttribute("role", "status");
  form.append(told);
  setTimeout(() => (told.textContent = document.body.dataset.working), SAY_AFTER);
};
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || !form.matches(".sk-form, .sk-try, .sk-choices form")) return;
  if (form.hasAttribute("data-busy")) event.preventDefault();
  else window.working(form, true);
});
// A page restored from the back/forward cache is no longer busy.
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-busy]").forEach((form) => window.working(form, false)));
// A checkbox that selects all checkboxes of a name in its form.
document.addEventListener("change", (event) => {
  const name = event.target.dataset.checkAll;
  if (!name) return;
  for (const box of event.target.form.querySelectorAll(`input[name="${name}"]`)) box.checked = event.target.checked;
});
// Suggestions for the last word of a field. Browsers match suggestions against the whole field, so each one starts
// with the words already in it.
for (const input of document.querySelectorAll("input[data-words]")) {
  const words = [...(input.list?.options ?? [])].map((option) => option.value);
  input.addEventListener("input", () => {
    const before = input.value.replace(/[^\s,]*$/, "");
    const there = new Set(before.toLowerCase().split(/[\s,]+/));
    const wanted = words.filter((word) => !there.has(word));
    input.list?.replaceChildren(...wanted.map((word) => Object.assign(document.createElement("option"), { value: before + word })));
  });
}
// Filters a long list by the typed text; a folder stays visible while something in it matches.
for (const bar of document.querySelectorAll("[data-filter]")) {
  const list = bar.parentElement;
  const field = bar.querySelector("input");
  const status = bar.querySelector("[data-template]");
  const rows = [...list.querySelectorAll("tbody > tr, li")].filter((row) => !row.querySelector("li") && !(row.matches("tr") && row.closest("li")));
  const folders = [...list.querySelectorAll("li:has(li)")].reverse();
  bar.hidden = false;
  field.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    const left = rows.filter((row) => !(row.hidden = !row.textContent.toLowerCase().includes(wanted)));
    for (const folder of folders) {
      folder.hidden = !folder.querySelector(":scope li:not([hidden])");
      if (wanted) folder.querySelector("details").open = true;
    }
    status.textContent = wanted ? status.dataset.template.replace("%1", left.length).replace("%2", rows.length) : "";
  });
}
