"""What is said of packages, in the reader's language.

The rules say it in English, since they know no framework, and reports are kept as they were said. What they
say is found here again by its form: a text below, with anything where a name in braces stands. A test sees to it
that all that the rules can say of a package is here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

KINDS = [
    _("true or false"),
    _("a number"),
    _("a list"),
    _("a mapping"),
    _("text"),
    _("empty"),
    _("a gzip file"),
    _("a bzip2 file"),
    _("an xz file"),
    _("a zstd file"),
    _("a rar archive"),
    _("a 7z archive"),
    _("a SKILL.md by itself"),
    _("an empty file"),
    _("a tar archive"),
    _("something else"),
]
"""What may stand for `kind` in the texts below."""

TEXTS = [
    # Problems
    _("the zip has {size} bytes; {limit} are allowed"),
    _("its two headers give a different {field}"),
    _("this is in the zip twice"),
    _("this cannot be unpacked: {reason}"),
    _("this is a symbolic link"),
    _("this is a device, pipe or socket"),
    _("this is encrypted"),
    _("this is compressed with {method}"),
    _("this is a patch, not a file"),
    _("this is a folder that holds bytes"),
    _("the zip does not say how the name {name} is encoded; it is read as {encoding}"),
    _("the zip does not say how this name is encoded, and it cannot be told"),
    _("the names in the zip have backslashes; they are taken for the slashes between folders"),
    _("the zip lists {count} entries"),
    _("{names} share bytes of the zip"),
    _("there is other data before the first entry of the zip"),
    _("{size} bytes of the zip belong to no entry"),
    _("this is one part of a zip in several parts"),
    _("the zip is damaged: {reason}"),
    _("the zip has two ends; programs differ in which one they believe"),
    _("there is other data after the end of the zip"),
    _("the zip is cut off: its end is missing"),
    _("this is {kind}, not a zip file"),
    _("left out as no part of the skill: {paths}"),
    _("there are {count} files; {limit} are allowed"),
    _("the files together are larger than {limit} bytes"),
    _("byte {byte} is not UTF-8"),
    _("the path is not written in UTF-8"),
    _("the path is too long"),
    _("an entry has no file name"),
    _("the path contains a backslash"),
    _("the path names a drive"),
    _("the path is absolute"),
    _("the path contains a control character or one that reverses the direction of text"),
    _("the path contains `..`"),
    _("the path has an empty folder name"),
    _("this cannot be stored on Windows"),
    _("this differs from {path} only in case or Unicode form"),
    _("this is both a file and a folder"),
    _("the package holds no files"),
    _("the file is called {name}"),
    _("there is no SKILL.md"),
    _("there are {count} skills in it: {paths}"),
    _("SKILL.md is at {path}"),
    _("other folders in it hold a SKILL.md and come in as files of this skill: {paths}"),
    _("besides the folder {folder} there is {paths}"),
    _("there are no instructions after the frontmatter"),
    _("there is a NUL character"),
    _("the first line is not `---`"),
    _("text follows the first `---` on its line"),
    _("there are spaces or empty lines before the first `---`"),
    _("the frontmatter has no closing `---`"),
    _("only a line of just `---` ends the frontmatter, and this one does not"),
    _("the frontmatter is larger than {limit} KiB"),
    _("values are nested more than {limit} deep"),
    _("an escape names a character that does not exist"),
    _("not valid YAML: a second document begins"),
    _("the frontmatter is not made of `key: value` lines"),
    _("YAML alias `*{name}`"),
    _("YAML tag `{name}`"),
    _("a key is itself a list, a mapping or an alias"),
    _("YAML merge key `<<`"),
    _("`{key}` is given twice, first on line {line}"),
    _("`{text}` is not a valid {type}"),
    _("YAML parsers do not agree on `{text}`; here it is read as {value}"),
    _("YAML parsers do not agree on the key `{key}`; here it is text"),
    _("YAML parsers do not agree on {character}; here it ends a line"),
    _("character {character} is not allowed in YAML"),
    _("not valid YAML: {reason}"),
    _("`{key}` is not a field of the Agent Skills specification"),
    _("`{key}` has no value"),
    _("`{key}` is missing"),
    _("`{key}` is empty"),
    _("`{key}` has {count} characters; {limit} are allowed"),
    _("`name` is `{name}`: only a-z, 0-9 and single hyphens between them are allowed"),
    _("`name` is `{name}` but the folder is called `{folder}`"),
    _("`name` is `{name}`, and this is the skill `{skill}`"),
    _("another skill is called `{name}`: {paths}"),
    _("this line is no valid YAML either"),
    _("`{comment}` after the value is a comment of YAML and is dropped"),
    _("Claude Code calls the tool `{tool}`, which has {count} characters; {limit} are allowed"),
    _(
        "`description` and `when_to_use` together have {count} characters; Claude Code shows {limit} in its list of"
        " skills and {tool_limit} of a tool"
    ),
    _("`{path}` is outside the package; agents that load the skill do not have it"),
    _("`{path}` is not in the package"),
    _("this line was mended; it was: {line}"),
    _("this line was missing"),
    _("an empty line before this one was left out"),
    _("a line before this one was left out: {line}"),
    _("`{key}` is {kind}, not text"),
    _("`metadata` is {kind}, not a mapping"),
    _("metadata `{key}` has a prefix reserved by the Model Context Protocol"),
    _("metadata `{key}` is {kind}; the specification asks for text"),
    _("`{key}` is a list; other clients than Claude Code expect one line of text"),
    _("`arguments` is {kind}"),
    _("`${name}` cannot name an argument"),
    _("argument `{name}` is declared twice"),
    _("`{key}` is {kind}, not true or false"),
    _("there are more errors than the {limit} listed"),
    _("there are more warnings than the {limit} listed"),
    _("reading this package takes more time or memory than a package may"),
    _("the server reads other packages at the moment"),
    # What to do about them
    _("Split very long lines and files, and remove what the skill does not need."),
    _("Try again in a minute."),
    _("Create the zip again, with an ordinary zip program."),
    _("Remove large files, or raise {setting}."),
    _("Create the zip with a newer program."),
    _(
        "Create the zip with UTF-8 names: 7-Zip with the parameter cu=on, WinZip and the `zip` of Linux and macOS do "
        "so by themselves; or give the files names of plain letters."
    ),
    _("Mend it at its source, too."),
    _("Quote the value if that belongs to it."),
    _("Use at most {limit} characters."),
    _("Say first what decides whether to use the skill; move the rest into the body."),
    _("Put it into the skill's folder."),
    _("Add the file, or correct its path."),
    _("A skill keeps its name; upload a new skill under the new one."),
    _("It is served by its `name`, and downloaded in a folder of that name."),
    _("{advice} Write: `{line}`."),
    _("Remove one of them."),
    _("Put the file itself there."),
    _("Remove it."),
    _("Create the zip without a password."),
    _("Create the zip with deflate."),
    _("Check the name, or create the zip with UTF-8 names."),
    _("Remove what the skill does not need, or raise {setting}."),
    _("Create one zip of everything."),
    _("Upload it again."),
    _("Upload a .zip of the skill."),
    _("Save SKILL.md as UTF-8."),
    _("Rename the file."),
    _("At most {path} bytes for the path and {name} for each name in it."),
    _("Create the zip again with another program."),
    _("Use / between folders."),
    _("Use paths inside the package."),
    _("Remove the `..`."),
    _("Remove the `//`."),
    _("Rename it if agents run there."),
    _("Rename one of them."),
    _("Put at least a SKILL.md into it."),
    _("Rename it to SKILL.md."),
    _("Put SKILL.md at the top of the package, or in its one top folder."),
    _(
        "A package is one skill: unpack this one and upload the folder of each skill, or a zip of it; "
        "or import them all with `manage.py import_skills FOLDER`."
    ),
    _("Pack the folder that holds SKILL.md, not the ones around it."),
    _("If they are skills themselves, take them out of this folder and bring them in separately."),
    _("Pack the skill's folder alone."),
    _("Write below the second `---` what the agent is to do."),
    _("Remove it; SKILL.md is text."),
    _("Start SKILL.md with `---`, then `name:` and `description:`, then `---` again."),
    _("Begin a new line after `---`."),
    _("Remove what stands before it."),
    _("Put a line with just `---` between the frontmatter and the instructions."),
    _("Write just `---` on this line, and what follows it on the next one."),
    _("Put a value that contains `: ` in quotes, or fold it with `>-`; or mend the indentation."),
    _("Write `key: value`, or indent the line if it continues the one before."),
    _("Indent with spaces."),
    _("Put the value in quotes."),
    _("Use single quotes, in which a backslash is only a backslash."),
    _("Check indentation, quotes and brackets on this line and the one before."),
    _("Move long text into the body or into a file of its own."),
    _("Flatten the structure."),
    _("Correct it."),
    _("Remove this line."),
    _("Write at least `name: ...` and `description: ...`, one a line."),
    _("Write the value out instead."),
    _("Remove the tag; only plain data is accepted."),
    _("Use text keys."),
    _("Write the values out."),
    _("Keep one of them."),
    _("Quote it if it is text."),
    _("Write {quoted} if it is text, else {value}"),
    _("Remove it, or end the line as usual."),
    _("Remove it; it is usually invisible and came in by copying."),
    _("It is kept and served as it is; move it under `metadata:` if clients refuse the skill."),
    _("Give it one, or leave the field out."),
    _("Add `name:` with a name such as `my-skill`."),
    _("Add `description:` with what the skill does and when to use it."),
    _("Write a name such as `my-skill`."),
    _("Write what the skill does and when to use it."),
    _("Shorten it; details belong in the description."),
    _("Try `name: {name}`."),
    _("Give both the same name: rename one of them; or set SKILL_REQUIRE_FOLDER_NAME=false."),
    _("Keep what decides whether to use the skill; move the rest into the body."),
    _(
        "Keep what decides whether to use the skill; move the rest into the body. "
        "SKILL_ALLOW_LONG_DESCRIPTION=true accepts it."
    ),
    _("Write one text instead."),
    _("Put it in quotes."),
    _("Name only what the skill needs to run, or leave the field out."),
    _("Write `key: value` lines below it."),
    _("Use a prefix of your own."),
    _('Put it in quotes: {key}: "...".'),
    _("Put it in quotes: {key}."),
    _("Write it as text: {field}: {text}"),
    _("Write the names with spaces between them, or as a list of names."),
    _("Use letters, digits, `_` and `-`, starting with a letter."),
    _("Write `true` or `false`, without quotes."),
    _("Mend these first."),
    # Findings
    _("Some clients run this command on the user's machine before the model sees the text; this server never does."),
    _("A private key in a package is readable by everyone who may read the skill."),
    _("This looks like a secret of a service; packages are readable by everyone who may read the skill."),
    _("Invisible or direction-reversing characters can hide instructions from a reviewer that a model will read."),
    _("There are more findings from here on than are listed; so many are no accident."),
    # Tags and edits
    _("A tag is one word of at most {limit} letters, digits and {others}; these are none: {tags}"),
    _("There are {count} tags; {limit} are allowed."),
    _("A text holds half a character; only whole ones can be stored."),
    _("There are {count} edits; {limit} are allowed."),
]


def _pattern(template: str) -> re.Pattern[str]:
    parts = (re.escape(text) + (f"(?P<{name}>.*?)" if name else "") for text, name, *_ in Formatter().parse(template))
    return re.compile("".join(parts), re.DOTALL)


_WHOLE = {text for text in TEXTS if "{" not in text}
_PATTERNS = [(_pattern(text), text) for text in TEXTS if "{" in text]


def in_words(text: str) -> str:
    """A sentence of a rule in the reader's language; as it is where it is not known."""
    if text in _WHOLE:
        return gettext(text)
    for pattern, template in _PATTERNS:
        if found := pattern.fullmatch(text):
            given = found.groupdict()
            if advice := given.get("advice"):
                given["advice"] = in_words(advice)
            if (kind := given.get("kind")) in KINDS:
                given["kind"] = gettext(kind)
            return gettext(template).format(**given)
    return text


def translated(remark: Mapping[str, Any]) -> dict[str, Any]:
    """A problem or finding as it is reported, with its sentences in the reader's language."""
    return {name: in_words(value) if name in ("message", "hint", "why") else value for name, value in remark.items()}
