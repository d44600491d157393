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

  // Where the last key led. Its section may have been replaced since by one with its lines, so the id counts, too.
  let last = null;

  function scrollerOf(place) {
    let around = place.parentElement;
    while (around && !(around.scrollHeight > around.clientHeight && /auto|scroll/.test(getComputedStyle(around).overflowY))) {
      around = around.parentElement;
    }
    return around ?? document.scrollingElement;
  }

  // What is read stays where it is: the place where the last key led, or else what follows a section above the window.
  function steady(section) {
    const reached = last?.isConnected ? last : last?.id && document.getElementById(last.id);
    const top = reached?.getBoundingClientRect().top;
    if (top >= 0 && top < innerHeight) {
      return section.compareDocumentPosition(reached) === Node.DOCUMENT_POSITION_FOLLOWING ? reached : null;
    }
    return topOf(section) < -2 ? section.nextElementSibling : null;
  }

  function replaced(section, fresh) {
    const place = steady(section);
    const before = place?.getBoundingClientRect().top;
    section.replaceWith(fresh);
    if (place) scrollerOf(fresh).scrollBy({ top: place.getBoundingClientRect().top - before, behavior: "instant" });
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
        const held = section.contains(document.activeElement);
        replaced(section, fresh);
        watch(fresh);
        if (held) fresh.focus({ preventScroll: true });
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

  const topOf = (place) => place.getBoundingClientRect().top - parseFloat(getComputedStyle(place).scrollMarginTop);
  const isLast = (place) => place === last || (place.id && place.id === last?.id);

  // Next to where the last key led while that is in sight, since what is near the end of the page cannot be scrolled
  // to its top; otherwise by what is at the top.
  function following(places, forward) {
    const at = places.findIndex(isLast);
    const top = places[at]?.getBoundingClientRect().top;
    if (top >= 0 && top < innerHeight) return places[at + (forward ? 1 : -1)];
    return forward ? places.find((place) => topOf(place) > 2) : places.findLast((place) => topOf(place) < -2);
  }

  function step(places, forward) {
    const place = following(places, forward);
    if (!place) return;
    last = place;
    place.scrollIntoView({ block: "start", behavior: "instant" });
    place.closest(".sk-file").focus({ preventScroll: true });
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
