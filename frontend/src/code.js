// The code editor: CodeMirror in a shadow root, where it may set its styles without an inline <style>
// that the Content-Security-Policy would refuse.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { json } from "@codemirror/lang-json";
import { markdown } from "@codemirror/lang-markdown";
import { python } from "@codemirror/lang-python";
import { yaml, yamlFrontmatter } from "@codemirror/lang-yaml";
import {
  bracketMatching,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  StreamLanguage,
  syntaxHighlighting,
} from "@codemirror/language";
import { shell } from "@codemirror/legacy-modes/mode/shell";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

const LANGUAGES = [
  [/(^|\/)SKILL\.md$/, () => yamlFrontmatter({ content: markdown() })],
  [/\.(md|markdown|mdx)$/i, () => markdown()],
  [/\.ya?ml$/i, () => yaml()],
  [/\.py$/i, () => python()],
  [/\.json$/i, () => json()],
  [/\.(js|mjs|cjs|jsx|ts|tsx)$/i, (path) => javascript({ jsx: /x$/i.test(path), typescript: /\.tsx?$/i.test(path) })],
  [/\.(sh|bash|zsh)$/i, () => StreamLanguage.define(shell)],
];

// The page's own colours, which follow its light and dark modes.
const COLOURS = HighlightStyle.define([
  { tag: [tags.heading, tags.strong], color: "var(--sk-strong)", fontWeight: "600" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: [tags.link, tags.url], color: "var(--sk-link)" },
  { tag: [tags.keyword, tags.definitionKeyword, tags.propertyName, tags.labelName], color: "var(--sk-info)" },
  { tag: [tags.string, tags.monospace], color: "var(--sk-good)" },
  { tag: [tags.number, tags.bool, tags.atom], color: "var(--sk-warn)" },
  { tag: [tags.comment, tags.meta, tags.processingInstruction, tags.quote], color: "var(--sk-quiet)" },
  { tag: tags.invalid, color: "var(--sk-bad)" },
]);

const THEME = EditorView.theme({
  "&": { height: "100%", color: "var(--sk-text)", backgroundColor: "var(--sk-page)", fontSize: "13px" },
  "&.cm-focused": { outline: "2px solid var(--sk-accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--sk-mono)", lineHeight: "1.55", overflow: "auto" },
  ".cm-content": { caretColor: "var(--sk-strong)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--sk-strong)" },
  ".cm-gutters": { backgroundColor: "var(--sk-sunken)", color: "var(--sk-quiet)", borderRight: "1px solid var(--sk-border)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in oklch, var(--sk-hover) 55%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in oklch, var(--sk-accent) 30%, transparent)",
  },
  ".cm-panels": { backgroundColor: "var(--sk-sunken)", color: "var(--sk-text)" },
  ".cm-panels .cm-textfield, .cm-panels .cm-button": {
    background: "var(--sk-page)", color: "var(--sk-strong)", border: "1px solid var(--sk-border-strong)", borderRadius: "4px",
  },
  ".cm-tooltip": { backgroundColor: "var(--sk-page)", color: "var(--sk-text)", border: "1px solid var(--sk-border-strong)" },
  ".cm-specialChar": { color: "var(--sk-bad)" },
});

// Text typed over a selection: left to the browser, it would style what it puts there, which the policy refuses.
function replaceSelection(event, view) {
  if (event.inputType !== "insertText" || !event.data || event.isComposing || view.state.selection.main.empty) return false;
  view.dispatch(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
  event.preventDefault();
  return true;
}

export class Code {
  // `changed()` is called after every change that a person makes.
  constructor(host, { label, changed }) {
    this.label = label;
    this.changed = changed;
    this.path = "";
    const root = host.attachShadow({ mode: "open" });
    const place = document.createElement("div");
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(":host > div { height: 100% } *:focus-visible { outline-offset: -2px }");
    root.adoptedStyleSheets = [sheet];
    root.append(place);
    this.view = new EditorView({ parent: place, root });
  }

  // Puts another text there; undoing never leads back to the one before.
  show(path, text) {
    this.path = path;
    const language = LANGUAGES.find(([pattern]) => pattern.test(path))?.[1](path) ?? [];
    const crlf = /\r\n/.test(text) && !/[^\r]\n|\r[^\n]/.test(text) ? [EditorState.lineSeparator.of("\r\n")] : [];
    this.view.setState(
      EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(), lintGutter(), foldGutter(), highlightActiveLineGutter(), highlightActiveLine(),
          highlightSpecialChars({ addSpecialChars: /[\u200b\u2060\u2066-\u2069\u202a-\u202e\u{e0000}-\u{e007f}]/gu }),
          history(), drawSelection(), indentOnInput(), bracketMatching(), search({ top: true }),
          highlightSelectionMatches(), syntaxHighlighting(COLOURS), THEME, language, crlf,
          EditorView.lineWrapping, EditorView.perLineTextDirection.of(true),
          EditorView.contentAttributes.of({ "aria-label": `${this.label}: ${path}`, spellcheck: "false", dir: "auto" }),
          keymap.of([...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap]),
          EditorView.domEventHandlers({ beforeinput: replaceSelection }),
          EditorView.updateListener.of((update) => update.docChanged && this.changed()),
        ],
      }),
    );
  }

  get text() {
    return this.view.state.sliceDoc();
  }

  focus() {
    this.view.focus();
  }

  // Moves to a line, counted from 1.
  go(line) {
    const { doc } = this.view.state;
    const at = doc.line(Math.min(Math.max(line, 1), doc.lines)).from;
    this.view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    this.focus();
  }

  // Marks what is wrong: a list of { line, severity, message }.
  mark(problems) {
    const { doc } = this.view.state;
    const diagnostics = problems.map(({ line, severity, message }) => {
      const { from, to } = doc.line(Math.min(Math.max(line ?? 1, 1), doc.lines));
      return { from, to, severity, message };
    });
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics));
  }
}
