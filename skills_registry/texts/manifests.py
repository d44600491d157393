"""Texts of problems with a SKILL.md. Pure."""

from __future__ import annotations

from .text import Text
from .text import gettext_noop as _

_START = _("Start SKILL.md with `---`, then `name:` and `description:`, then `---` again.")
_NOT_YAML = _("not valid YAML: {reason}")
_FURTHER = _("this line is not valid YAML either")
_SPACES = _("Indent with spaces.")
_QUOTE_VALUE = _("Put the value in quotes.")
_QUOTES = _("Put it in quotes.")
_KEEP_ONE = _("Keep one of them.")
_AS_TEXT = _("Write it as text: {quoted}")
_READ_AS_TEXT = _("YAML parsers do not agree on `{text}`; here it is read as text")
_READ_AS = _("YAML parsers do not agree on `{text}`; here it is read as {value}")
_NOT_TEXT = _("`{key}` is {kind}, not text")
_EMPTY = _("`{key}` is empty")
_MISSING = _("`{key}` is missing")
_LONG = _("`description` has {count} characters; {limit} are allowed")
_OTHER_FOLDER = _("`name` is `{name}` but the folder is called `{folder}`")
_AT_SOURCE = _("Fix it at its source, too.")

MANIFEST_TEXTS: dict[str, Text] = {
    # The text and its `---` lines
    "skill-md-not-utf8": Text(_("byte {byte} is not UTF-8"), _("Save SKILL.md as UTF-8.")),
    "skill-md-mended": Text(_("this line was fixed; it was: {before}"), _AT_SOURCE),
    "skill-md-mended/missing": Text(_("this missing line was added"), _AT_SOURCE),
    "skill-md-mended/empty-line": Text(_("an empty line before this one was removed"), _AT_SOURCE),
    "skill-md-mended/left-out": Text(_("a line before this one was removed: {before}"), _AT_SOURCE),
    "body-empty": Text(
        _("there are no instructions after the frontmatter"),
        _("Write the agent's instructions below the second `---`."),
    ),
    "body-nul": Text(_("there is a NUL character"), _("Remove it; SKILL.md is text.")),
    "frontmatter-missing": Text(_("the first line is not `---`"), _START),
    "frontmatter-missing/text-after": Text(
        _("text follows the first `---` on its line"), _("Begin a new line after `---`.")
    ),
    "frontmatter-missing/space-before": Text(
        _("there are spaces or empty lines before the first `---`"), _("Remove everything before it.")
    ),
    "frontmatter-unclosed": Text(
        _("the frontmatter has no closing `---`"),
        _("Put a line with just `---` between the frontmatter and the instructions."),
    ),
    "frontmatter-unclosed/almost": Text(
        _("only a line of just `---` ends the frontmatter, and this one does not"),
        _("Write just `---` on this line, and what follows it on the next one."),
    ),
    "frontmatter-too-large": Text(
        _("the frontmatter is larger than {limit} KiB"), _("Move long text into the body or into a file of its own.")
    ),
    "frontmatter-not-a-mapping": Text(
        _("the frontmatter is not made of `key: value` lines"),
        _("Write at least `name: ...` and `description: ...`, one per line."),
    ),
    # YAML
    "yaml-syntax": Text(_NOT_YAML, _("Check indentation, quotes and brackets on this line and the one before.")),
    "yaml-syntax/colon": Text(
        _NOT_YAML, _("Put a value that contains `: ` in quotes, fold it with `>-`, or fix the indentation.")
    ),
    "yaml-syntax/no-colon": Text(
        _NOT_YAML, _("Write `key: value`, or indent the line if it continues the one before.")
    ),
    "yaml-syntax/tab": Text(_NOT_YAML, _SPACES),
    "yaml-syntax/first-character": Text(_NOT_YAML, _QUOTE_VALUE),
    "yaml-syntax/escape": Text(_NOT_YAML, _("Use single quotes, in which a backslash is only a backslash.")),
    "yaml-syntax/second-document": Text(_("not valid YAML: a second document begins"), _("Remove this line.")),
    "yaml-syntax/further": Text(_FURTHER, _QUOTE_VALUE),
    "yaml-syntax/further-tab": Text(_FURTHER, _SPACES),
    "yaml-too-deep": Text(_("values are nested more than {limit} deep"), _("Flatten the structure.")),
    "yaml-character": Text(
        _("character {character} is not allowed in YAML"),
        _("Remove it. Such characters are usually invisible and come from copied text."),
    ),
    "yaml-character/escape": Text(_("an escape names a character that does not exist"), _("Correct it.")),
    "yaml-alias": Text(_("YAML alias `*{name}`"), _("Write the value out instead.")),
    "yaml-tag": Text(_("YAML tag `{name}`"), _("Remove the tag; only plain data is accepted.")),
    "yaml-complex-key": Text(_("a key is itself a list, a mapping or an alias"), _("Use text keys.")),
    "yaml-merge-key": Text(_("YAML merge key `<<`"), _("Write the values out.")),
    "yaml-duplicate-key": Text(_("`{key}` is given twice, first on line {first_line}"), _KEEP_ONE),
    "yaml-value": Text(_("`{text}` is not a valid {type}"), _("Quote it if it is text.")),
    "yaml-comment": Text(
        _("`{comment}` after the value is a YAML comment and is dropped"),
        _("Put the value in quotes if this belongs to it."),
    ),
    "yaml-ambiguous": Text(_READ_AS, _("Write {quoted} if it is text, else {plain}")),
    "yaml-ambiguous/inexact": Text(_READ_AS, _AS_TEXT),
    "yaml-ambiguous/text": Text(_READ_AS_TEXT, _AS_TEXT),
    "yaml-ambiguous/long-text": Text(_READ_AS_TEXT, _QUOTES),
    "yaml-ambiguous/key": Text(
        _("YAML parsers do not agree on the key `{key}`; here it is text"), _("Put it in quotes: {quoted}.")
    ),
    "yaml-ambiguous/line-end": Text(
        _("YAML parsers do not agree on {character}; here it ends a line"), _("Remove it, or use a normal line break.")
    ),
    # Fields
    "field-unknown": Text(
        _("`{key}` is not a field of the Agent Skills specification"),
        _("It is kept and served unchanged. Move it under `metadata:` if clients reject the skill."),
    ),
    "field-missing/name": Text(_MISSING, _("Add `name:` with a name such as `my-skill`.")),
    "field-missing/description": Text(_MISSING, _("Add `description:` with what the skill does and when to use it.")),
    "field-empty": Text(_("`{key}` has no value"), _("Give it a value, or remove the field.")),
    "field-empty/name": Text(_EMPTY, _("Write a name such as `my-skill`.")),
    "field-empty/description": Text(_EMPTY, _("Write what the skill does and when to use it.")),
    "field-not-text": Text(_NOT_TEXT, _QUOTES),
    "field-not-text/collection": Text(_NOT_TEXT, _("Write a single text value instead.")),
    "field-not-boolean": Text(_("`{key}` is {kind}, not true or false"), _("Write `true` or `false`, without quotes.")),
    "field-is-list": Text(_("`{key}` is a list; clients other than Claude Code expect one line of text"), _AS_TEXT),
    "name-too-long": Text(
        _("`name` has {count} characters; {limit} are allowed"), _("Shorten it; details belong in the description.")
    ),
    "name-invalid": Text(
        _("`name` is `{name}`: only a-z, 0-9 and single hyphens between them are allowed"),
        _("Try `name: {suggestion}`."),
    ),
    "name-changed": Text(
        _("`name` is `{name}`, but this is the skill `{skill}`"),
        _("A skill cannot be renamed. Upload it as a new skill."),
    ),
    "name-not-folder": Text(
        _OTHER_FOLDER, _("Give both the same name: rename one of them; or set SKILL_REQUIRE_FOLDER_NAME=false.")
    ),
    "name-not-folder/allowed": Text(
        _OTHER_FOLDER, _("It is served under its `name` and downloaded in a folder of that name.")
    ),
    "name-cut-by-clients": Text(
        _("Claude Code calls the tool `{tool}`, which has {count} characters; {limit} are allowed"),
        _("Use at most {name_limit} characters."),
    ),
    "description-too-long": Text(
        _LONG,
        _(
            "Keep only what tells agents when to use the skill; move the rest into the body. "
            "SKILL_ALLOW_LONG_DESCRIPTION=true accepts it."
        ),
    ),
    "description-too-long/allowed": Text(
        _LONG, _("Keep only what tells agents when to use the skill; move the rest into the body.")
    ),
    "description-cut-by-clients": Text(
        _(
            "`description` and `when_to_use` together have {count} characters; Claude Code shows {limit} in its list of"
            " skills and {tool_limit} of a tool"
        ),
        _("Put what tells agents when to use the skill first; move the rest into the body."),
    ),
    "compatibility-length": Text(
        _("`compatibility` has {count} characters; 1 to {limit} are allowed"),
        _("Name only what the skill needs to run, or leave the field out."),
    ),
    "metadata-not-a-mapping": Text(_("`metadata` is {kind}, not a mapping"), _("Write `key: value` lines below it.")),
    "metadata-reserved": Text(
        _("metadata `{key}` has a prefix reserved by the Model Context Protocol"), _("Use a prefix of your own.")
    ),
    "metadata-not-text": Text(
        _("metadata `{key}` is {kind}; the specification asks for text"), _('Put it in quotes: {key}: "...".')
    ),
    "arguments-invalid": Text(
        _("`arguments` is {kind}, not text or a list of names"),
        _("Write the names with spaces between them, or as a list of names."),
    ),
    "argument-name-invalid": Text(
        _("`${name}` cannot name an argument"), _("Use letters, digits, `_` and `-`, starting with a letter.")
    ),
    "argument-duplicate": Text(_("argument `{name}` is declared twice"), _KEEP_ONE),
    # Files that it names
    "file-outside-package": Text(
        _("`{path}` is outside the package; agents that load the skill do not have it"),
        _("Put it into the skill's folder."),
    ),
    "file-missing": Text(_("`{path}` is not in the package"), _("Add the file, or correct its path.")),
}
