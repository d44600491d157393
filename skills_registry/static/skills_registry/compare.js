"use strict";
// A comparison without reloading the page: links marked `data-swap` replace their file's section by what they lead
// to, `data-append` adds to it, and sections that come into view fetch their lines. Without this script they are links.
(() => {
  const parser = new DOMParser();

  async function fetched(link) {
    const url = new URL(link.href);
    url.searchParams.set("part", "");
    link.setAttribute("aria-busy", "true");
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
    return parser.parseFromString(await answer.text(), "text/html").querySelector(".sk-file");
  }

  async function follow(link) {
    const section = link.closest(".sk-file");
    const asked = document.activeElement === link;
    try {
      const fresh = await fetched(link);
      if ("append" in link.dataset) {
        const rows = fresh.querySelectorAll(".sk-diff tbody > tr");
        const more = fresh.querySelector("[data-append]");
        section.querySelector(".sk-diff tbody").append(...rows);
        if (more) link.replaceWith(more);
        else link.parentElement.remove();
        if (asked) (more ?? section).focus();
      } else {
        section.replaceWith(fresh);
        watch(fresh);
        if (asked) fresh.focus({ preventScroll: true });
      }
    } catch {
      if (asked) location.assign(link.href);
      else link.removeAttribute("aria-busy");
    }
  }

  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        follow(target);
      }
    },
    { rootMargin: "200px" },
  );

  function watch(root) {
    for (const link of root.querySelectorAll("[data-lazy]")) observer.observe(link);
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-swap], [data-append]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    link.focus();
    follow(link);
  });

  function step(places, forward) {
    const line = 90;
    const tops = places.map((place) => place.getBoundingClientRect().top - line);
    const index = forward ? tops.findIndex((top) => top > 2) : tops.findLastIndex((top) => top < -2);
    const place = places[index];
    if (!place) return;
    const scroller = place.closest("[data-simplebar], main") ?? document.documentElement;
    place.scrollIntoView({ block: "start" });
    if (!scroller.contains(document.activeElement) || place.matches(".sk-file")) place.closest(".sk-file").focus({ preventScroll: true });
  }

  function changes() {
    const rows = [...document.querySelectorAll(".sk-diff tbody tr")];
    const differs = (row) => row?.matches(".sk-del, .sk-ins") || row?.querySelector(".sk-del, .sk-ins");
    return rows.filter((row) => differs(row) && !differs(row.previousElementSibling));
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    const files = () => [...document.querySelectorAll(".sk-file")];
    if (event.key === "j") step(files(), true);
    else if (event.key === "k") step(files(), false);
    else if (event.key === "n") step(changes(), true);
    else if (event.key === "p") step(changes(), false);
  });

  watch(document);
})();
