"use strict";
// Live updates: polls for the newest calls and inserts those that are not shown yet. The server keeps no state, so
// any replica may answer. A hidden window does not poll.
(() => {
  const INTERVAL = 2000; // milliseconds; longer if answers are slow
  const SHOWN_MAX = 500; // rows
  const TOLD_AT_MOST_EVERY = 10000; // milliseconds, so that announcements do not drown out a screen reader's other output

  const panel = document.querySelector("[data-follow]");
  const table = document.querySelector("#result_list tbody");
  if (!panel || !table) return;
  const button = panel.querySelector("button");
  const told = panel.querySelector("[role=status]");
  const older = document.querySelector("a[rel=next]");
  let since = panel.dataset.since;
  let following = false;
  let asking = false;
  let timer = 0;
  let fresh = 0;
  let toldAt = 0;

  const say = (name, number = "") => {
    told.textContent = panel.dataset[name].replace("%1", number);
    toldAt = Date.now();
  };

  function show(rows, more) {
    const unseen = rows.filter((row) => !document.getElementById(row.id));
    // More calls than fit one answer: there would be a gap before the rows shown so far.
    if (more && unseen.length === rows.length) table.replaceChildren();
    for (const row of unseen) {
      row.classList.add("log-new");
      const next = [...table.rows].find((shown) => shown.dataset.at < row.dataset.at);
      table.insertBefore(row, next ?? null);
    }
    while (table.rows.length > SHOWN_MAX) table.rows[table.rows.length - 1].remove();
    if (table.rows.length) {
      document.querySelector("[data-log]").hidden = false;
      document.querySelector("[data-empty]")?.remove();
    }
    if (older && table.rows.length) {
      const address = new URL(older.href);
      address.searchParams.set("before", table.rows[table.rows.length - 1].dataset.at);
      older.href = address.href;
    }
    return unseen.length;
  }

  async function ask() {
    const address = new URL(panel.dataset.follow, location.href);
    address.searchParams.set("from", since);
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    // Logged out, or the permission was revoked.
    if (answer.redirected || [401, 403].includes(answer.status)) return stop("ended");
    if (!answer.ok) return say("away");
    const template = document.createElement("template");
    template.innerHTML = await answer.text();
    since = answer.headers.get("X-Log-From");
    fresh += show([...template.content.querySelectorAll("tr")], answer.headers.has("X-Log-More"));
    if (fresh && following && Date.now() - toldAt > TOLD_AT_MOST_EVERY) {
      say("new", fresh);
      fresh = 0;
    }
  }

  async function turn() {
    if (asking) return;
    asking = true;
    const began = Date.now();
    try {
      await ask();
    } catch {
      say("away");
    }
    asking = false;
    if (following && !document.hidden) timer = setTimeout(turn, Math.max(INTERVAL, 4 * (Date.now() - began)));
  }

  function start() {
    following = true;
    button.setAttribute("aria-pressed", "true");
    say("on");
    turn();
  }

  function stop(why) {
    following = false;
    clearTimeout(timer);
    button.setAttribute("aria-pressed", "false");
    say(why);
  }

  button.addEventListener("click", () => (following ? stop("off") : start()));
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (following && !document.hidden) turn();
  });
  panel.hidden = false;
})();
