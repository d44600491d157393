// Asks the server what it would say of the edits, a moment after the last change, and shows it beside the text.
const WAIT = 500;

export class Check {
  constructor(url, token, { said, find, go }) {
    Object.assign(this, { url, token, said, find, go, timer: 0, round: 0, marked: () => {} });
  }

  soon(edits, path, text) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(edits, path, text), WAIT);
  }

  async now(edits, path, text) {
    const round = ++this.round;
    const state = this.find("check-state");
    state.textContent = this.said("checking");
    // The file that is open is sent along even when it is unchanged, since its preview is asked for.
    const looked = text === null || path in edits ? edits : { ...edits, [path]: { text } };
    try {
      const answer = await fetch(this.url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
        body: JSON.stringify({ edits: looked, path }),
        credentials: "same-origin",
      });
      if (!answer.ok) throw new Error(answer.statusText);
      const found = await answer.json();
      if (round === this.round) this.show(found, path);
    } catch {
      if (round === this.round) state.textContent = this.said("unchecked");
    }
  }

  show({ errors, warnings, findings, tokens, preview, newest }, path) {
    const remarks = [...errors, ...warnings, ...findings.map((finding) => ({ ...finding, severity: "warning", message: finding.why }))];
    this.find("check-state").textContent = [
      errors.length ? "" : this.said("good"),
      tokens ? this.said("tokens", tokens.listing, tokens.call) : "",
    ].join(" ");
    this.find("problems").replaceChildren(...remarks.map((remark) => this.item(remark)));
    this.find("preview-card").hidden = preview === null;
    this.find("preview").innerHTML = preview ?? ""; // sanitised by the server, and nothing in it may run under the page's policy
    const newer = this.find("newer-text");
    const behind = newest && newest.number > Number(newer.dataset.latest);
    this.find("newer").hidden = !behind;
    if (behind) newer.textContent = newer.dataset.template.replace("%1", `v${newest.number}`).replace("%2", newest.by || "?");
    this.marked(remarks.filter(({ file }) => file === path));
  }

  item({ file, line, message, hint, code, severity }) {
    const item = document.createElement("li");
    if (severity === "error") item.className = "sk-is-error";
    const place = Object.assign(document.createElement("button"), { type: "button", textContent: file + (line ? `:${line}` : "") });
    place.addEventListener("click", () => this.go(file, line));
    const text = Object.assign(document.createElement("span"), { textContent: message });
    if (hint) text.append(Object.assign(document.createElement("em"), { textContent: hint }));
    const name = Object.assign(document.createElement("code"), { textContent: code, className: "sk-problem-code" });
    item.append(...(file ? [place] : []), text, name);
    return item;
  }
}
