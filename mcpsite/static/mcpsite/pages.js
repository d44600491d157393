"use strict";
// What our pages do in the browser beyond links and forms.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  await navigator.clipboard.writeText("value" in source ? source.value : source.textContent);
  button.textContent = button.dataset.copied;
});

// unfold writes a chosen file's name into a text field beside the input, which ours do not have.
for (const input of document.querySelectorAll(".sk-field input[type=file], .sk-upload input[type=file]")) {
  input.hasChangeListener = true;
}
