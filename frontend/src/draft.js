// What was edited and not saved, kept in this browser.
export class Draft {
  constructor(key) {
    this.key = key;
  }

  read() {
    try {
      return JSON.parse(localStorage.getItem(this.key));
    } catch {
      return null;
    }
  }

  keep(edits, note) {
    try {
      if (Object.keys(edits).length) localStorage.setItem(this.key, JSON.stringify({ edits, note }));
      else this.forget();
    } catch {
      // A full or forbidden storage costs the draft, not the work: leaving the page still asks.
    }
  }

  forget() {
    localStorage.removeItem(this.key);
  }
}
