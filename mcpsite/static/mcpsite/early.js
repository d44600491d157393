"use strict";
// Runs before the first paint: applies the theme of the last visit, stores the browser's time zone for the next page,
// and keeps clicks on buttons whose scripts are still loading.
(() => {
  let theme = "auto";
  try {
    theme = JSON.parse(localStorage.getItem("adminTheme")) || "auto";
  } catch {
    // No storage, or an unexpected value: use the system's theme.
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
