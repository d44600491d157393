"use strict";
// Drag and drop of zips, files and folders, with progress and with errors in their place.
// Without this script the form takes files by itself.
(() => {
  const form = document.querySelector("[data-upload]");
  const drop = form.querySelector(".sk-drop");
  const progress = form.querySelector(".sk-progress");
  const limits = JSON.parse(document.getElementById("upload-limits").textContent);
  const chosen = form.querySelector("#id_file");
  const folder = form.querySelector("#id_folder");
  const isArchive = (path) => /\.(zip|skill)$/i.test(path);
  const megabytes = (bytes) => `${(bytes / 1024 / 1024).toFixed(1)} MB`;
  const text = (name, ...values) => values.reduce((all, value, i) => all.replace(`%${i + 1}`, value), form.dataset[name]);

  for (const hidden of drop.querySelectorAll("[hidden]")) hidden.hidden = false;

  // What was dropped, as a list of { path, file }; folders are walked, version control and the like left where it is.
  async function walk(entry, path = "") {
    const name = path + entry.name;
    if (entry.isFile) return [{ path: name, file: await new Promise((done, fail) => entry.file(done, fail)) }];
    if (limits.junk.includes(entry.name)) return [];
    const reader = entry.createReader();
    const found = [];
    for (;;) {
      const entries = await new Promise((done, fail) => reader.readEntries(done, fail));
      if (!entries.length) return found;
      for (const child of entries) found.push(...(await walk(child, `${name}/`)));
    }
  }

  const picked = (input) =>
    [...input.files]
      .map((file) => ({ path: file.webkitRelativePath || file.name, file }))
      .filter(({ path }) => !path.split("/").slice(0, -1).some((part) => limits.junk.includes(part)));

  function post(items, told) {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    for (const { file } of items) body.append("file", file);
    body.set("paths", JSON.stringify(items.map(({ path }) => path)));
    return new Promise((done) => {
      const request = new XMLHttpRequest();
      request.open("POST", form.action || location.href);
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => told(event.loaded));
      const failed = () => done({ errors: [request.response?.detail ?? text("failed")] });
      request.addEventListener("load", () => {
        const answer = request.response;
        if (answer?.reviews || answer?.errors) done(answer);
        else failed();
      });
      request.addEventListener("error", failed);
      request.send(body);
    });
  }

  function refusal(items) {
    const bytes = items.reduce((sum, { file }) => sum + file.size, 0);
    const what = items.length === 1 ? items[0].path : text("tooMany", items.length, limits.files);
    if (items.length > limits.files) return text("tooMany", items.length, limits.files);
    if (bytes > limits.bytes) return text("tooLarge", items.length === 1 ? what : megabytes(bytes), megabytes(limits.bytes));
    return "";
  }

  function show(errors, reviews, notes) {
    const list = form.querySelector("[data-errors]");
    list.replaceChildren(...errors.map((error) => Object.assign(document.createElement("li"), { textContent: error })));
    list.hidden = !errors.length;
    const box = form.querySelector("[data-reviews]");
    const heading = Object.assign(document.createElement("strong"), { textContent: form.dataset.waiting });
    const links = document.createElement("ul");
    for (const { filename, url } of reviews) {
      const link = Object.assign(document.createElement("a"), { textContent: filename, href: url, className: "sk-link" });
      const item = document.createElement("li");
      item.append(link);
      links.append(item);
    }
    const remarks = notes.map((note) => Object.assign(document.createElement("p"), { textContent: note, className: "sk-quiet" }));
    const all = Object.assign(document.createElement("a"), { textContent: form.dataset.all, href: form.dataset.list, className: "sk-link" });
    box.replaceChildren(...(reviews.length ? [heading, links] : []), ...(reviews.length > 1 ? [all] : []), ...remarks);
    box.hidden = !reviews.length && !remarks.length;
    box.querySelector("a")?.focus();
  }

  // Zips go one by one, so that each may be as large as one may be; loose files go together, since they belong together.
  async function send(items) {
    if (form.classList.contains("sk-busy")) return;
    const inFolders = new Set(items.filter(({ path }) => !isArchive(path)).map(({ path }) => path.split("/")[0]));
    const alone = items.filter(({ path }) => isArchive(path) && !(path.includes("/") && inFolders.has(path.split("/")[0])));
    const together = items.filter((item) => !alone.includes(item));
    const batches = [...alone.map((item) => [item]), ...(together.length ? [together] : [])];
    const errors = items.length ? [] : [form.dataset.nothing];
    const reviews = [];
    const notes = [];
    const bar = progress.querySelector("progress");
    const status = progress.querySelector("p");
    const total = items.reduce((sum, { file }) => sum + file.size, 0);
    let sent = 0;
    bar.value = 0;
    status.textContent = text("sending", megabytes(0), megabytes(total));
    progress.hidden = !items.length;
    form.classList.add("sk-busy");
    for (const batch of batches) {
      const size = batch.reduce((sum, { file }) => sum + file.size, 0);
      const refused = refusal(batch);
      if (refused) errors.push(refused);
      else {
        const answer = await post(batch, (loaded) => {
          const done = sent + Math.min(loaded, size);
          bar.value = total ? done / total : 1;
          status.textContent = done < total ? text("sending", megabytes(done), megabytes(total)) : form.dataset.looking;
        });
        errors.push(...(answer.errors ?? []));
        reviews.push(...(answer.reviews ?? []));
        if (answer.left_out) notes.push(answer.left_out);
      }
      sent += size;
    }
    form.classList.remove("sk-busy");
    progress.hidden = true;
    if (reviews.length && !errors.length && !notes.length) location.assign(reviews.length > 1 ? form.dataset.list : reviews[0].url);
    else show(errors, reviews, notes);
  }

  form.addEventListener("submit", (event) => {
    if (!chosen.files.length) return;
    event.preventDefault();
    send(picked(chosen));
  });
  folder.addEventListener("change", () => folder.files.length && send(picked(folder)).then(() => (folder.value = "")));

  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.add("sk-over");
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("sk-over"));
  document.addEventListener("drop", async (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.remove("sk-over");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const files = [...event.dataTransfer.files].map((file) => ({ path: file.name, file }));
    send(entries.length ? (await Promise.all(entries.map((entry) => walk(entry)))).flat() : files);
  });
})();
