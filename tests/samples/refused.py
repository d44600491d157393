"""Zips with one thing wrong, by the code of that and what it is."""

from __future__ import annotations

from .zip_writer import (
    DEFLATED,
    IN_FOLDER,
    ONES,
    SKILL,
    SKILL_MD,
    STREAMED,
    TEXT,
    UTF8,
    Item,
    deflate,
    deflated,
    deflated_zeros,
    descriptor,
    extra_field,
    unicode_path,
    zipped,
)


def patched(data: bytes, at: int, new: bytes) -> bytes:
    """Data with other bytes in one place."""
    return data[:at] + new + data[at + len(new) :]


def _no_zips() -> dict[str, bytes]:
    return {
        "archive-not-zip--empty": b"",
        "archive-not-zip--text": b"This is no zip.\n",
        "archive-not-zip--skill-md": SKILL_MD,
        "archive-not-zip--gzip": bytes.fromhex("1f8b08000000000000034b040043beb7e801000000"),
        "archive-not-zip--tar": b"SKILL.md".ljust(257, b"\0") + b"ustar\x0000".ljust(255, b"\0") + b"\0" * 1024,
        "archive-not-zip--rar": b"Rar!\x1a\x07\x01\x00" + b"\0" * 32,
        "archive-not-zip--7z": b"7z\xbc\xaf\x27\x1c" + b"\0" * 32,
        "archive-not-zip--xz": b"\xfd7zXZ\x00" + b"\0" * 32,
        "archive-not-zip--zstd": b"(\xb5/\xfd" + b"\0" * 32,
        "archive-not-zip--bzip2": b"BZh91AY&SY" + b"\0" * 32,
        "archive-not-zip--html": b"<!DOCTYPE html><title>Log in</title>",
    }


def _damaged() -> dict[str, bytes]:
    whole = zipped(SKILL, Item("a.txt"))
    directory = whole.index(b"PK\x01\x02")
    end = whole.index(b"PK\x05\x06")
    far = Item("a.txt", central={"offset": 0x7FFF_FFFF})
    wide = zipped(SKILL, zip64=True)
    return {
        "archive-damaged--cut-in-signature": whole[:2],
        "archive-damaged--cut-in-first-header": whole[:20],
        "archive-damaged--cut-in-content": whole[:60],
        "archive-damaged--cut-before-directory": whole[:directory],
        "archive-damaged--cut-in-directory": whole[: directory + 30],
        "archive-damaged--cut-before-end": whole[:end],
        "archive-damaged--cut-in-end": whole[:-1],
        "archive-damaged--cut-in-comment": zipped(SKILL, comment=b"a comment")[:-3],
        "archive-damaged--middle-missing": whole[:60] + whole[80:],
        "archive-damaged--offset-beyond-the-end": zipped(SKILL, far),
        "archive-damaged--offset-of-four-gigabytes": zipped(SKILL, Item("a.txt", central={"offset": ONES})),
        "archive-damaged--offset-of-exabytes": zipped(
            SKILL, Item("a.txt", central={"offset": ONES, "extra": extra_field(1, b"\xff" * 8)})
        ),
        "archive-damaged--offset-into-content": zipped(SKILL, Item("a.txt", central={"offset": 5})),
        "archive-damaged--content-into-directory": zipped(
            SKILL, Item("a.txt", central={"packed_size": 60, "size": 60})
        ),
        "archive-damaged--name-into-directory": patched(zipped(SKILL), 26, b"\xff\xff"),
        "archive-damaged--directory-beyond-the-end": zipped(SKILL, end={"start": 0x7FFF_FFFF}),
        "archive-damaged--comment-of-entry-beyond-directory": patched(whole, directory + 32, b"\xff"),
        "archive-damaged--directory-size-too-small": zipped(SKILL, Item("a.txt"), end={"size": 54}),
        "archive-damaged--comment-beyond-the-directory": patched(whole, whole.rindex(b"PK\x01\x02") + 32, b"\x01"),
        "archive-damaged--directory-size-huge": zipped(SKILL, end={"size": ONES}),
        "archive-damaged--counts-too-many": zipped(SKILL, end={"count_here": 2, "count": 2}),
        "archive-damaged--counts-too-few": zipped(SKILL, Item("a.txt"), end={"count_here": 1, "count": 1}),
        "archive-damaged--counts-none": zipped(SKILL, end={"count_here": 0, "count": 0}),
        "archive-damaged--locator-cut-off": b"PK\x06\x07" + zipped(),
        "archive-damaged--zip64-end-elsewhere": wide.replace(b"PK\x06\x06", b"PK\x06\x05"),
        "archive-damaged--zip64-end-too-long": wide.replace(b"PK\x06\x06\x2c", b"PK\x06\x06\x2d"),
        "archive-damaged--zip64-end-contradicts": zipped(SKILL, zip64=True, end={"count_here": 2, "count": 2}),
        "archive-split--last-part": zipped(SKILL, end={"disk": 1, "directory_disk": 1}),
        "archive-split--other-parts-missing": zipped(SKILL, end={"count_here": 1, "count": 5}),
    }


def _ambiguous() -> dict[str, bytes]:
    """Zips in which different programs would find different files."""
    other = zipped(Item("SKILL.md", SKILL_MD.replace(b"Do as", b"Never do as")))
    hidden = Item("hidden.md")
    outer = Item("outer", Item("inner").local_part())
    inner = Item("inner", central={"offset": len(SKILL.local_part()) + 30 + len("outer")})
    more = {"packed_size": 45, "size": 45}
    return {
        "archive-leading-data--other-zip": other + zipped(SKILL),
        "archive-leading-data--shell-script": b"#!/bin/sh\nexec unzip $0\n" + zipped(SKILL),
        "archive-leading-data--offsets-adjusted": zipped(SKILL, before=b"#!/bin/sh\nexec unzip $0\n"),
        "archive-leading-data--picture": zipped(SKILL, before=b"GIF89a" + b"\0" * 20),
        "archive-leading-data--directory-offset-too-small": zipped(SKILL, end={"start": 0}),
        "archive-leading-data--pk": zipped(SKILL, before=b"PK: not a zip yet. "),
        "archive-trailing-data--newline": zipped(SKILL) + b"\n",
        "archive-trailing-data--script": zipped(SKILL) + b"<script>alert(1)</script>" * 9,
        "archive-trailing-data--zeros": zipped(SKILL) + bytes(100),
        "archive-trailing-data--long-ago": zipped(SKILL) + bytes(40_000),
        "archive-ambiguous--zip-in-comment": zipped(SKILL, comment=other),
        "archive-ambiguous--end-in-comment": zipped(SKILL, comment=b"PK\x05\x06" + bytes(18)),
        "archive-hidden-data--entry-not-listed": zipped(SKILL, hidden, listed=(SKILL,)),
        "archive-hidden-data--after-span-marker": zipped(hidden, SKILL, before=b"PK00", listed=(SKILL,)),
        "archive-hidden-data--between-entries": zipped(Item("SKILL.md", SKILL_MD, descriptor=b"between"), hidden),
        "archive-hidden-data--before-directory": zipped(SKILL, gap=b"before the directory"),
        "archive-hidden-data--false-descriptor": zipped(
            Item("SKILL.md", SKILL_MD, flags=STREAMED, descriptor=descriptor(b"other", 5)), hidden
        ),
        "archive-leading-data--first-entry-not-listed": zipped(hidden, SKILL, listed=(SKILL,)),
        "archive-overlap--same-bytes-twice": zipped(
            SKILL, listed=(SKILL, Item("copy.md", SKILL_MD, central={"offset": 0}))
        ),
        "archive-overlap--one-inside-the-other": zipped(SKILL, outer, listed=(SKILL, outer, inner)),
        "archive-overlap--reaches-into-next": zipped(
            SKILL, Item("a.txt", local=more, central=more), Item("b.txt", b"y" * 99)
        ),
        "entry-headers-differ--name": zipped(SKILL, Item("a.txt", local={"name": b"../a"})),
        "entry-headers-differ--name-of-manifest": zipped(
            SKILL, Item("notes.md", SKILL_MD, local={"name": b"SKILL.md"})
        ),
        "entry-headers-differ--junk": zipped(SKILL, Item(".git/config", local={"name": b"scripts/run"})),
        "entry-headers-differ--method": zipped(SKILL, Item("a.txt", local={"method": DEFLATED})),
        "entry-headers-differ--size": zipped(SKILL, Item("a.txt", local={"size": 1, "packed_size": 1})),
        "entry-headers-differ--checksum": zipped(SKILL, Item("a.txt", local={"crc": 1})),
        "entry-headers-differ--encryption": zipped(SKILL, Item("a.txt", local={"flags": 1})),
        "entry-headers-differ--unicode-path": zipped(SKILL, Item(b"a.txt", extra=unicode_path(b"a.txt", "b.txt"))),
        "entry-headers-differ--unicode-path-in-one": zipped(
            SKILL, Item(b"a.txt", local={"extra": unicode_path(b"a.txt", "../b.txt")})
        ),
    }


def _entries() -> dict[str, bytes]:
    zeros, _ = deflated_zeros(4_000)
    little = Item("bomb", bytes(10), packed=zeros, method=DEFLATED)
    packed = deflate(TEXT)
    return {
        "entry-symlink--out-of-package": zipped(SKILL, Item("link", b"../../etc/passwd", mode=0o120777)),
        "entry-symlink--to-sibling": zipped(SKILL, Item("link.md", b"SKILL.md", mode=0o120777)),
        "entry-symlink--skill-md": zipped(Item("SKILL.md", b"a.md", mode=0o120777), Item("a.md", SKILL_MD)),
        "entry-symlink--folder": zipped(SKILL, Item("link/", b"", mode=0o120777)),
        "entry-symlink--made-by-dos": zipped(SKILL, Item("link", b"/etc/passwd", mode=0o120777, made_by=0)),
        "entry-special--fifo": zipped(SKILL, Item("pipe", b"", mode=0o010644)),
        "entry-special--character-device": zipped(SKILL, Item("null", b"", mode=0o020666)),
        "entry-special--block-device": zipped(SKILL, Item("disk", b"", mode=0o060660)),
        "entry-special--socket": zipped(SKILL, Item("socket", b"", mode=0o140755)),
        "entry-special--unknown": zipped(SKILL, Item("what", b"", mode=0o160000)),
        "entry-encrypted--one": zipped(SKILL, Item("a.txt", bytes(17), flags=0x01)),
        "entry-encrypted--all": zipped(Item("my-skill/SKILL.md", bytes(17), flags=0x01)),
        "entry-encrypted--strong": zipped(SKILL, Item("a.txt", bytes(17), flags=0x41)),
        "entry-encrypted--names-too": zipped(SKILL, Item("a.txt", bytes(17), flags=0x2041)),
        "entry-encrypted--aes": zipped(SKILL, Item("a.txt", bytes(30), flags=0x01, method=99)),
        "entry-compression--deflate64": zipped(SKILL, Item("a.txt", method=9)),
        "entry-compression--bzip2": zipped(SKILL, Item("a.txt", method=12)),
        "entry-compression--lzma": zipped(SKILL, Item("a.txt", method=14)),
        "entry-compression--zstd": zipped(SKILL, Item("a.txt", method=93)),
        "entry-compression--xz": zipped(SKILL, Item("a.txt", method=95)),
        "entry-compression--implode": zipped(SKILL, Item("a.txt", method=6)),
        "entry-compression--patch": zipped(SKILL, Item("a.txt", flags=0x20)),
        "entry-compression--unknown": zipped(SKILL, Item("a.txt", method=77)),
        "entry-compression--skill-md": zipped(Item("SKILL.md", SKILL_MD, method=14), Item("a.txt")),
        "entry-duplicate--same-bytes": zipped(SKILL, Item("a.txt"), Item("a.txt")),
        "entry-duplicate--skill-md": zipped(SKILL, Item("SKILL.md", SKILL_MD + b"Or not.")),
        "entry-duplicate--dot-slash": zipped(SKILL, Item("a.txt"), Item("./a.txt")),
        "entry-duplicate--with-and-without-flag": zipped(SKILL, Item("\u6280.md"), Item("\u6280.md".encode())),
        "entry-damaged--checksum": zipped(SKILL, Item("a.txt", local={"crc": 1}, central={"crc": 1})),
        "entry-damaged--checksum-deflated": zipped(
            SKILL, deflated("a.txt", TEXT, local={"crc": 1}, central={"crc": 1})
        ),
        "entry-damaged--skill-md": zipped(Item("SKILL.md", SKILL_MD, packed=SKILL_MD.replace(b"Do", b"To"))),
        "entry-damaged--bomb-that-declares-ten-bytes": zipped(SKILL, little),
        "entry-damaged--bomb-that-declares-nothing": zipped(SKILL, Item("bomb", b"", packed=zeros, method=DEFLATED)),
        "entry-damaged--size-too-large": zipped(SKILL, Item("a.txt", local={"size": 6}, central={"size": 6})),
        "entry-damaged--size-of-four-gigabytes": zipped(
            SKILL, deflated("a.txt", TEXT, local={"size": ONES - 1}, central={"size": ONES - 1})
        ),
        "entry-damaged--stored-size-too-small": zipped(SKILL, Item("a.txt", local={"size": 3}, central={"size": 3})),
        "entry-damaged--deflate-cut-off": zipped(SKILL, Item("a.txt", packed=packed[:-2], method=DEFLATED)),
        "entry-damaged--deflate-without-end": zipped(SKILL, Item("a.txt", packed=b"\0" + packed[1:], method=DEFLATED)),
        "entry-damaged--deflate-then-other-data": zipped(
            SKILL, Item("a.txt", packed=packed + b"more", method=DEFLATED)
        ),
        "entry-damaged--not-deflate": zipped(SKILL, Item("a.txt", packed=b"\xff" * 9, method=DEFLATED)),
        "entry-folder-with-content--slash": zipped(SKILL, Item("docs/", mode=0o40755)),
        "entry-folder-with-content--slash-of-file": zipped(SKILL, Item("docs/")),
        "entry-folder-with-content--mode": zipped(SKILL, Item("docs", mode=0o40755)),
        "entry-folder-with-content--dos-attribute": zipped(SKILL, Item("docs", mode=0, made_by=0, dos=0x10)),
        "entry-folder-with-content--not-deflate": zipped(
            SKILL, Item("docs/", b"", packed=b"\xff" * 9, method=DEFLATED)
        ),
        "entry-folder-with-content--undeclared": zipped(SKILL, Item("docs/", b"", packed=packed, method=DEFLATED)),
    }


_PATHS: dict[str, dict[str, str | bytes]] = {
    "path-traversal": {
        "up": "../evil.md",
        "far-up": "a/../../evil.md",
        "inside": "a/../b.md",
        "after-dot": "./../evil.md",
        "in-junk": "__MACOSX/../../evil.md",
        "at-end": "a/..",
        "only": "..",
        "folder": "../",
        "in-folder": "my-skill/../../x",
        "with-backslash": "..\\evil.md",
    },
    "path-absolute": {
        "etc": "/etc/passwd",
        "server": "//server/share/evil.md",
        "root": "/",
        "skill-md": "/SKILL.md",
        "server-with-backslashes": "\\\\server\\share\\x",
    },
    "path-backslash": {
        "mixed": "a/..\\..\\evil.md",
        "junk": "__MACOSX/..\\evil.md",
    },
    "path-drive": {
        "with-backslash": "C:\\evil.md",
        "absolute": "C:/evil.md",
        "relative": "c:evil.md",
        "inside": "my-skill/C:/evil.md",
        "dot": "./D:/x",
    },
    "path-control-character": {
        "nul": "a.md\0.exe",
        "nul-skill-md": "SKILL.md\0",
        "newline": "a\nb.md",
        "return": "a\r.md",
        "escape": "\x1b[2J.md",
        "delete": "a\x7f.md",
        "c1": "a\x9b.md",
        "right-to-left": "a\u202egpj.exe",
        "isolate": "a\u2066b.md",
        "mark": "a\u200f.md",
        "line-separator": "a\u2028b.md",
        "tab": "a\tb.md",
    },
    "path-empty": {"no-name": "", "dot": ".", "dot-in-folder": "a/."},
    "path-empty-segment": {"inside": "a//b.md", "at-end": "a//"},
    "path-not-utf8": {
        "overlong-dots": b"\xc0\xae\xc0\xae/evil.md",
        "surrogate": b"\xed\xa0\x80.md",
        "latin-1": b"caf\xe9.md",
    },
    "path-too-long": {
        "name": "n" * 256,
        "name-in-bytes": "\u6280" * 86,
        "path": "d/" * 256 + "f",
        "segments": "d/" * 10_000 + "f",
        "very": "n" * 20_000,
    },
}
_COLLISIONS = {
    "case": ("README.md", "readme.md"),
    "skill-md": ("skill.md",),
    "composition": ("r\u00e9sum\u00e9.md", "re\u0301sume\u0301.md"),
    "case-and-composition": ("\u00c9.md", "e\u0301.md"),
    "sharp-s": ("stra\u00dfe.md", "STRASSE.md"),
    "kelvin": ("\u212a.md", "k.md"),
    "sigma": ("\u03c3.md", "\u03c2.md"),
    "folders": ("Docs/a.md", "docs/b.md"),
    "empty-folder": ("Docs/", "docs/b.md"),
    "file-and-folder": ("docs", "docs/a.md"),
    "file-and-empty-folder": ("docs", "docs/"),
    "file-and-folder-in-other-case": ("DOCS", "docs/a.md"),
}


def _paths() -> dict[str, bytes]:
    made = {}
    for code, paths in _PATHS.items():
        for what, name in paths.items():
            content = b"" if name[-1:] in ("/", b"/") else TEXT
            flags = UTF8 if isinstance(name, bytes) else 0
            made[f"{code}--{what}"] = zipped(SKILL, Item(name, content, flags=flags))
    for what, names in _COLLISIONS.items():
        items = (Item(name, b"" if name.endswith("/") else TEXT) for name in names)
        made[f"path-collision--{what}"] = zipped(SKILL, *items)
    made["path-absolute--only-skill-md"] = zipped(Item("/my-skill/SKILL.md", SKILL_MD))
    return made


def _contents() -> dict[str, bytes]:
    other = Item("other/SKILL.md", SKILL_MD)
    files = [Item(f"{number:03}", b"", mode=0) for number in range(512)]
    return {
        "package-empty--no-entries": zipped(),
        "package-empty--folders": zipped(Item("my-skill/", b"", mode=0o40755)),
        "package-empty--junk": zipped(Item(".DS_Store"), Item("__MACOSX/._SKILL.md")),
        "skill-md-missing--other-files": zipped(Item("README.md"), Item("scripts/run.py")),
        "skill-md-missing--is-a-folder": zipped(Item("SKILL.md/README.md")),
        "skill-md-missing--other-alphabet": zipped(Item("S\u041aILL.md", SKILL_MD)),
        "skill-md-case--lower": zipped(Item("skill.md", SKILL_MD)),
        "skill-md-case--suffix": zipped(Item("SKILL.MD", SKILL_MD)),
        "skill-md-case--in-folder": zipped(Item("my-skill/Skill.md", SKILL_MD)),
        "skill-md-case--above-an-example": zipped(Item("skill.md", SKILL_MD), Item("examples/one/SKILL.md", SKILL_MD)),
        "skill-md-several--two-folders": zipped(IN_FOLDER, other),
        "skill-md-several--marketplace": zipped(*(Item(f"skills/{name}/SKILL.md", SKILL_MD) for name in "abcdefgh")),
        "skill-md-too-deep--two-folders": zipped(Item("skills/my-skill/SKILL.md", SKILL_MD)),
        "skill-md-too-deep--repository": zipped(
            Item("repo-main/README.md"), Item("repo-main/skills/one/SKILL.md", SKILL_MD)
        ),
        "files-outside-folder--readme": zipped(IN_FOLDER, Item("README.md")),
        "files-outside-folder--other-folder": zipped(
            IN_FOLDER, Item("my-skill/sub/SKILL.md", SKILL_MD), Item("other/a.md")
        ),
        "skill-md-not-utf8--latin-1": zipped(Item("SKILL.md", SKILL_MD + "caf\u00e9".encode("latin-1"))),
        "skill-md-not-utf8--utf-16": zipped(Item("SKILL.md", SKILL_MD.decode().encode("utf-16"))),
        "name-encoding-unknown--two-letters": zipped(SKILL, Item("測試.py".encode("big5"))),
        "too-many-files--513": zipped(SKILL, *files),
        "too-many-files--claimed": zipped(SKILL, end={"count_here": 0xFFFE, "count": 0xFFFE}),
        "too-many-files--millions-claimed": zipped(
            SKILL, zip64=True, wide={"count_here": 9_000_000, "count": 9_000_000}
        ),
    }


REJECT = _no_zips() | _damaged() | _ambiguous() | _entries() | _paths() | _contents()
