"""Texts of problems with a zip, its entries and a package's paths. Pure."""

from __future__ import annotations

from .text import Text
from .text import gettext_noop as _

_REPACK = _("Create the zip again, with an ordinary zip program.")
_RENAME = _("Rename the file.")
_INSIDE = _("Use paths inside the package.")
_DEFLATE = _("Create the zip with deflate.")
_FEWER_FILES = _("Remove what the skill does not need, or raise SKILL_MAX_FILES.")
_LEADING = _("there is other data before the first entry of the zip")

ARCHIVE_TEXTS: dict[str, Text] = {
    # The zip as a whole
    "archive-too-large": Text(
        _("the zip has {size} bytes; {limit} are allowed"),
        _("Remove large files, or raise SKILL_MAX_ARCHIVE_BYTES."),
    ),
    "archive-not-zip": Text(_("this is {kind}, not a zip file"), _("Upload a .zip of the skill.")),
    "archive-split": Text(_("this is one part of a zip in several parts"), _("Create one zip of everything.")),
    "archive-leading-data": Text(_LEADING, _REPACK),
    "archive-trailing-data": Text(_("there is other data after the end of the zip"), _REPACK),
    "archive-hidden-data": Text(_("{size} bytes of the zip belong to no entry"), _REPACK),
    "archive-overlap": Text(_("{first} and {second} share bytes of the zip"), _REPACK),
    "archive-ambiguous": Text(_("the zip has two end records; programs differ in which one they use"), _REPACK),
    "archive-damaged/cut-off": Text(_("the zip is cut off: its end is missing"), _("Upload it again.")),
    "archive-damaged/directory-elsewhere": Text(
        _("the zip is damaged: its directory is not where its end record says"), _REPACK
    ),
    "archive-damaged/directory-cut-off": Text(_("the zip is damaged: its directory is cut off"), _REPACK),
    "archive-damaged/fewer-entries": Text(
        _("the zip is damaged: its directory lists fewer entries than its end record says"), _REPACK
    ),
    "archive-damaged/more-entries": Text(
        _("the zip is damaged: its directory lists more entries than its end record says"), _REPACK
    ),
    "archive-damaged/entry-elsewhere": Text(_("the zip is damaged: {name} is not where the directory says"), _REPACK),
    "archive-damaged/entry-too-long": Text(_("the zip is damaged: {name} reaches into the directory"), _REPACK),
    "archive-damaged/zip64-elsewhere": Text(
        _("the zip is damaged: its zip64 end record is not where its locator says"), _REPACK
    ),
    "archive-damaged/zip64-length": Text(_("the zip is damaged: its zip64 end record has the wrong length"), _REPACK),
    "archive-damaged/ends-contradict": Text(
        _("the zip is damaged: its two end records contradict each other"), _REPACK
    ),
    # Its entries
    "entry-headers-differ/name": Text(_("its two headers give a different name"), _REPACK),
    "entry-headers-differ/method": Text(_("its two headers give a different compression method"), _REPACK),
    "entry-headers-differ/encryption": Text(_("its two headers differ in whether it is encrypted"), _REPACK),
    "entry-headers-differ/size": Text(_("its two headers give a different size or checksum"), _REPACK),
    "entry-duplicate": Text(_("this is in the zip twice"), _("Remove one of them.")),
    "entry-damaged": Text(_("this cannot be unpacked: {reason}"), _REPACK),
    "entry-damaged/size": Text(
        _("this cannot be unpacked: its size is not the {size} bytes that it declares"), _REPACK
    ),
    "entry-damaged/checksum": Text(_("this cannot be unpacked: its checksum is wrong"), _REPACK),
    "entry-damaged/cut-off": Text(_("this cannot be unpacked: its compressed data is cut off"), _REPACK),
    "entry-damaged/further-data": Text(_("this cannot be unpacked: other data follows its compressed data"), _REPACK),
    "entry-symlink": Text(_("this is a symbolic link"), _("Replace it with the file itself.")),
    "entry-special": Text(_("this is a device, pipe or socket"), _("Remove it.")),
    "entry-encrypted": Text(_("this is encrypted"), _("Create the zip without a password.")),
    "entry-compression": Text(_("this is compressed with {method}"), _DEFLATE),
    "entry-compression/unknown": Text(_("this is compressed with the unknown method {number}"), _DEFLATE),
    "entry-compression/patch": Text(_("this is a patch, not a file"), _DEFLATE),
    "entry-folder-with-content": Text(_("this is a folder entry with content"), _REPACK),
    "name-encoding": Text(
        _("the zip does not say how the name {name} is encoded; it is read as {encoding}"),
        _("Check the name, or create the zip with UTF-8 names."),
    ),
    "name-encoding-unknown": Text(
        _("the zip does not say how this name is encoded, and the encoding cannot be detected"),
        _(
            "Create the zip with UTF-8 names: 7-Zip with the parameter cu=on, WinZip and the `zip` of Linux and macOS "
            "do so by themselves; or give the files names of plain letters."
        ),
    ),
    "names-with-backslashes": Text(
        _("names in the zip contain backslashes, which are read as folder separators"),
        _("Create the zip with a newer program."),
    ),
    # Paths
    "path-not-utf8": Text(_("the path is not valid UTF-8"), _RENAME),
    "path-too-long": Text(
        _("the path is too long"),
        _("Use at most {limit} bytes for the path and {name_limit} for each name in it."),
    ),
    "path-empty": Text(_("an entry has no file name"), _("Create the zip again with another program.")),
    "path-empty/folder": Text(_("the path has no file name"), _("Name a file, not a folder.")),
    "path-backslash": Text(_("the path contains a backslash"), _("Use / between folders.")),
    "path-drive": Text(_("the path contains a drive letter"), _INSIDE),
    "path-absolute": Text(_("the path is absolute"), _INSIDE),
    "path-control-character": Text(
        _("the path contains a control character or one that reverses the direction of text"), _RENAME
    ),
    "path-traversal": Text(_("the path contains `..`"), _("Remove the `..`.")),
    "path-empty-segment": Text(_("the path has an empty folder name"), _("Remove the `//`.")),
    "path-not-portable": Text(_("this path cannot be stored on Windows"), _("Rename it if agents run on Windows.")),
    "path-collision": Text(_("this differs from {path} only in case or Unicode form"), _("Rename one of them.")),
    "path-collision/file-and-folder": Text(_("this is both a file and a folder"), _("Rename one of them.")),
    # Files together
    "junk-dropped": Text(_("ignored because they are not part of the skill: {paths}")),
    "too-many-files": Text(_("there are {count} files; {limit} are allowed"), _FEWER_FILES),
    "too-many-files/entries": Text(_("the zip lists {count} entries"), _FEWER_FILES),
    "package-too-large": Text(
        _("the files together are larger than {limit} bytes"), _("Remove large files, or raise SKILL_MAX_BYTES.")
    ),
    "package-empty": Text(_("the package holds no files"), _("Add at least a SKILL.md.")),
    "skill-md-case": Text(_("the file is called {name}"), _("Rename it to SKILL.md.")),
    "skill-md-missing": Text(
        _("there is no SKILL.md"), _("Put SKILL.md at the top of the package, or in its one top folder.")
    ),
    "skill-md-several": Text(
        _("there are {count} skills in it: {paths}"),
        _(
            "A package holds one skill. Unpack this one and upload each skill's folder or a zip of it, "
            "or import them all with `manage.py import_skills FOLDER`."
        ),
    ),
    "skill-md-inner": Text(
        _("other folders contain a SKILL.md and are treated as files of this skill: {paths}"),
        _("If they are separate skills, move them out of this folder and upload them separately."),
    ),
    "skill-md-too-deep": Text(
        _("SKILL.md is at {path}"), _("Pack the folder that holds SKILL.md, not the ones around it.")
    ),
    "files-outside-folder": Text(
        _("there are other files next to the folder {folder}: {paths}"), _("Pack only the skill's folder.")
    ),
}
