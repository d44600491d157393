// The files of a version and what was done to them: edits are, by path, { text }, { base64 }, { from: path }, or null for removed.
export class Files {
  constructor(files, edits) {
    this.paths = files.map(({ path }) => path);
    this.edits = { ...edits };
  }

  // Whether the version itself has the file.
  has(path) {
    return this.paths.includes(path);
  }

  // Whether there is such a file after all edits.
  exists(path) {
    return this.edits[path] === undefined ? this.has(path) : this.edits[path] !== null;
  }

  // The path that the file's bytes come from where it was not edited.
  source(path) {
    return this.edits[path]?.from ?? path;
  }

  write(path, text) {
    this.edits[path] = { text };
  }

  // A file from the computer: as text where it is one, so that it can be edited here.
  put(path, bytes) {
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      if (!text.includes("\0")) return this.write(path, text);
    } catch {
      // No text.
    }
    this.edits[path] = { base64: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")) };
  }

  remove(path) {
    if (this.has(path)) this.edits[path] = null;
    else delete this.edits[path];
  }

  rename(path, to) {
    const edit = this.edits[path] ?? { from: path };
    this.remove(path);
    if (edit.from === to) delete this.edits[to];
    else this.edits[to] = edit;
  }

  undo(path) {
    delete this.edits[path];
  }

  // All paths in order, SKILL.md first, each with what was done to it: "changed", "added", "removed" or "".
  list() {
    const paths = [...new Set([...this.paths, ...Object.keys(this.edits)])];
    const weight = (path) => (path === "SKILL.md" ? 0 : 1);
    paths.sort((one, other) => weight(one) - weight(other) || (one < other ? -1 : 1));
    return paths.map((path) => ({ path, state: this.state(path) }));
  }

  state(path) {
    const edit = this.edits[path];
    if (edit === undefined) return "";
    if (edit === null) return "removed";
    return this.has(path) ? "changed" : "added";
  }
}
