"use strict";
// Loaded before anything is painted: the colours of the last visit, the reader's time zone for the next page, and
// clicks on buttons whose scripts are still on their way.
(() => {
  let theme = "auto";
  try {
    theme = JSON.parse(localStorage.getItem("adminTheme")) || "auto";
  } catch {
    // No storage, or not what unfold writes: as the system has it.
  }
  const dark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.add(dark ? "dark" : "light");

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `timezone=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;
  }

  // Every other script is deferred, so all of them have run when the document is ready.
  const waiting = new Set();
  const keep = (event) => {
    const button = event.target.closest("button[type=button]");
    if (button) waiting.add(button);
  };
  document.addEventListener("click", keep, true);
  document.addEventListener("DOMContentLoaded", () => {
    document.removeEventListener("click", keep, true);
    for (const button of waiting) button.click();
  });
})();
