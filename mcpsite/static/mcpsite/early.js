"use strict";
// Loaded before anything is painted: the colours of the last visit, and the reader's time zone for the next page.
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
})();
