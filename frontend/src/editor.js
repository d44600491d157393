// The editor's page: the files of a version, the text of one of them, what is wrong with them, and a draft that
// this browser keeps until they are saved. Without this script the page's plain form edits one file at a time.
import { Check } from "./check.js";
import { Code } from "./code.js";
import { Draft } from "./draft.js";
import { Files } from "./files.js";

const data = JSON.parse(document.getElementById("editor-data").textContent);
const form = document.querySelector("[data-edit-form]");
const panel = document.querySelector("[data-editor]");
const find = (name) => document.querySelector(`[data-${name}]`);
const said = (name, ...values) => values.reduce((all, value, i) => all.replace(`%${i + 1}`, value), panel.dataset[name]);
const token = form.elements.csrfmiddlewaretoken.value;

const files = new Files(data.files, data.edits);
const draft = new Draft(data.draft);
const code = new Code(find("code"), { label: panel.dataset.codeLabel, changed: typed });
const check = new Check(data.check, token, { said, find, go: (path, line) => open(path).then(() => line && code.go(line)) });
const FILE_MAX = 1024 * 1024; // bytes
const EDITS_MAX = 1.9 * 1024 * 1024; // all edits travel in one form, and no form may be larger than 2 MB
let current = null;
let saving = false;

find("plain").disabled = find("plain").hidden = true;
panel.hidden = false;

// The text of a file: as it is edited, or as the version has it; null where it is no text.
const texts = new Map(data.text === null || data.edits[data.path] ? [] : [[data.path, data.text]]);
async function original(path) {
  if (!texts.has(path)) {
    const answer = await fetch(`${data.texts}?path=${encodeURIComponent(path)}`, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(answer.statusText);
    texts.set(path, (await answer.json()).text);
  }
  return texts.get(path);
}

async function open(path) {
  current = path;
  const edit = files.edits[path];
  const text = edit?.text ?? (edit?.base64 !== undefined || (edit === null && !files.has(path)) ? null : await original(edit?.from ?? path));
  if (current !== path) return;
  find("path").value = path;
  problem("");
  find("code").hidden = text === null;
  find("no-code").hidden = text !== null;
  find("no-code").textContent = text === null ? panel.dataset.noText : "";
  if (text !== null) code.show(path, text);
  show();
  check.soon(files.edits, path, text);
}

function typed() {
  const before = texts.get(files.source(current));
  const text = code.text;
  if (text === before && files.has(current)) files.undo(current);
  else files.write(current, text);
  changed();
}

function changed() {
  show();
  draft.keep(files.edits, form.elements.note.value);
  check.soon(files.edits, current, find("code").hidden ? null : code.text);
}

function show() {
  find("files").replaceChildren(
    ...files.list().map(({ path, state }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.open = path;
      button.dataset.state = state;
      if (path === current) button.setAttribute("aria-current", "true");
      const name = document.createElement("bdi");
      name.textContent = path;
      button.append(name);
      if (state) button.append(Object.assign(document.createElement("small"), { textContent: panel.dataset[state] }));
      const item = document.createElement("li");
      item.append(button);
      return item;
    }),
  );
  find("undo").hidden = !(current in files.edits) || !files.has(current);
  find("remove").hidden = files.edits[current] === null;
}

function problem(text) {
  find("path-error").textContent = text;
  find("path-error").hidden = !text;
}

find("files").addEventListener("click", (event) => {
  const button = event.target.closest("[data-open]");
  if (button) open(button.dataset.open).then(() => document.querySelector("[data-files] [aria-current]")?.focus());
});
find("add").addEventListener("click", () => {
  const path = window.prompt(panel.dataset.askPath)?.trim();
  if (!path) return;
  if (files.exists(path)) return problem(panel.dataset.taken);
  files.write(path, "");
  open(path).then(() => code.focus());
  changed();
});
async function bring(input, pathOf) {
  for (const file of input.files) {
    const path = pathOf(file);
    const before = files.edits[path];
    if (file.size <= FILE_MAX) files.put(path, new Uint8Array(await file.arrayBuffer()));
    if (file.size > FILE_MAX || JSON.stringify(files.edits).length > EDITS_MAX) {
      if (before === undefined) files.undo(path);
      else files.edits[path] = before;
      problem(panel.dataset.tooLarge);
    } else current = path;
  }
  input.value = "";
  changed();
  if (find("path-error").hidden) open(current);
}
find("bring").addEventListener("change", (event) => bring(event.target, ({ name }) => name));
find("replace").addEventListener("change", (event) => bring(event.target, () => current));
find("rename").addEventListener("click", () => {
  const path = find("path").value.trim();
  if (!path || path === current) return;
  if (files.exists(path)) return problem(panel.dataset.taken);
  files.rename(current, path);
  current = path;
  changed();
  open(path);
});
find("remove").addEventListener("click", () => {
  files.remove(current);
  changed();
  open(files.list().find(({ state }) => state !== "removed")?.path ?? current);
});
find("undo").addEventListener("click", () => {
  files.undo(current);
  changed();
  open(current);
});

const kept = draft.read();
if (kept && !Object.keys(data.edits).length && Object.keys(kept.edits).length) {
  find("draft-files").textContent = Object.keys(kept.edits).join(", ");
  find("draft").hidden = false;
  find("restore").addEventListener("click", () => {
    find("draft").hidden = true;
    files.edits = kept.edits;
    form.elements.note.value ||= kept.note;
    draft.keep(files.edits, form.elements.note.value);
    open(files.exists(current) ? current : files.list()[0].path);
  });
  find("forget").addEventListener("click", () => {
    find("draft").hidden = true;
    draft.forget();
  });
}
form.elements.note.addEventListener("input", () => draft.keep(files.edits, form.elements.note.value));

window.addEventListener("beforeunload", (event) => {
  if (!saving && Object.keys(files.edits).length) event.preventDefault();
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (saving) return;
  saving = true;
  form.elements.edits.value = JSON.stringify(files.edits);
  if (event.submitter?.name === "preview") {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "preview", value: "1" }));
    return form.submit();
  }
  window.working(form, true);
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new FormData(form),
      credentials: "same-origin",
    });
    const { saved, url } = await answer.json();
    if (saved) {
      draft.forget();
      location.assign(url);
      return;
    }
  } catch {
    // What went wrong is told by the page that the form itself leads to.
  }
  form.submit();
});

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  event.preventDefault();
  if (!event.repeat) form.requestSubmit();
});
// A page that the browser kept is shown again when one goes back to it from the preview.
window.addEventListener("pageshow", () => {
  saving = false;
  form.querySelector("input[name=preview]")?.remove();
});

find("newer-text").dataset.latest = form.elements.expected_latest.value;
check.marked = (remarks) => find("code").hidden || code.mark(remarks);
open(data.path || "SKILL.md");
