"use strict";
// Copies arguments between the fields and the JSON, as far as the JSON matches the fields.
(() => {
  const form = document.querySelector("[data-try]");
  if (!form) return;
  const json = form.elements.json;
  const fields = [...form.querySelectorAll("[data-argument]")];

  function toJson() {
    const given = fields.filter(({ value }) => value).map(({ dataset, value }) => [dataset.argument, value]);
    json.value = JSON.stringify(Object.fromEntries(given), null, 2);
  }

  function toFields() {
    let given;
    try {
      given = JSON.parse(json.value || "{}");
    } catch {
      return; // keep the invalid JSON so that it can be corrected
    }
    for (const field of fields) {
      const value = given?.[field.dataset.argument];
      if (typeof value === "string") field.value = value;
    }
  }

  form.addEventListener("change", ({ target }) => {
    if (target.name !== "how") return;
    if (target.value === "json") toJson();
    else toFields();
  });
  document.getElementById("try-version")?.addEventListener("change", ({ target }) => target.form.submit());
})();
