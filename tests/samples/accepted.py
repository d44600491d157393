"""Zips that are odd and valid, by what is odd about them."""

from __future__ import annotations

import struct

from .zip_writer import (
    DEFLATED,
    IN_FOLDER,
    INNER,
    ONES,
    SKILL,
    SKILL_MD,
    STREAMED,
    TEXT,
    Item,
    deflate,
    deflated,
    descriptor,
    extra_field,
    unicode_path,
    zipped,
)


def streamed(name: str, content: bytes, *, wide: bool = False, signed: bool = True, extra: bytes = b"") -> Item:
    """An entry as a program writes it that cannot go back to its header."""
    packed = deflate(content)
    return deflated(
        name,
        content,
        flags=STREAMED,
        descriptor=descriptor(content, len(packed), wide=wide, signed=signed),
        local={"crc": 0, "packed_size": 0, "size": 0, "extra": extra},
    )


def zip64_item(name: str, content: bytes, offset: int) -> Item:
    """An entry all of whose numbers stand in zip64 fields."""
    sizes = struct.pack("<QQ", len(content), len(content))
    ones = {"packed_size": ONES, "size": ONES}
    return Item(
        name,
        content,
        local=ones | {"extra": extra_field(1, sizes)},
        central=ones | {"offset": ONES, "extra": extra_field(1, sizes + struct.pack("<Q", offset))},
    )


def apple_double(name: str) -> Item:
    """What macOS keeps beside a file whose attributes a zip cannot hold."""
    return Item(name.encode(), b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ")


def _ordinary() -> dict[str, bytes]:
    """As the usual programs write them."""
    return {
        "root-level": zipped(SKILL, Item("scripts/run.py"), Item("references/more.md")),
        "single-folder": zipped(IN_FOLDER, Item("my-skill/scripts/run.py")),
        "only-skill-md": zipped(SKILL),
        "stored-and-deflated": zipped(deflated("SKILL.md", SKILL_MD), Item("a.txt"), deflated("b.txt", TEXT)),
        "folder-entries": zipped(
            Item("my-skill/", b"", mode=0o40755, dos=0x10),
            IN_FOLDER,
            Item("my-skill/assets/", b"", mode=0o40755, dos=0x10),
            Item("my-skill/assets/empty/", b"", mode=0o40755, dos=0x10),
        ),
        "folder-entries-deflated": zipped(
            Item("my-skill/", b"", packed=b"\x03\x00", method=DEFLATED, mode=0o40755), IN_FOLDER
        ),
        "folder-entry-twice": zipped(SKILL, Item("docs/", b"", mode=0), Item("docs/a.md"), Item("docs/", b"", mode=0)),
        "folder-entry-with-file-mode": zipped(SKILL, Item("docs/", b""), Item("docs/a.md")),
        "empty-folder-beside": zipped(IN_FOLDER, Item("other/", b"", mode=0o40755)),
        "dot-slash": zipped(Item("./", b"", mode=0o40755), Item("./SKILL.md", SKILL_MD), Item("./scripts/./run.py")),
        "executable": zipped(SKILL, Item("scripts/run.sh", mode=0o100755), Item("scripts/setuid", mode=0o104755)),
        "git-archive": zipped(IN_FOLDER, comment=b"0123456789abcdef0123456789abcdef01234567"),
        "comment-on-entry": zipped(Item("SKILL.md", SKILL_MD, comment=b"PK\x05\x06 is no end here")),
        "comment-long": zipped(SKILL, comment=b"-" * 40_000),
        "comment-with-end-signature": zipped(SKILL, comment=b"see PK\x05\x06 and what the format says of it"),
        "512-files": zipped(SKILL, *(Item(f"{number:03}", b"", mode=0) for number in range(511))),
        "nested-zip": zipped(SKILL, Item("assets/inner.zip", INNER), Item("assets/template.docx", INNER)),
        "nested-zip-last": zipped(SKILL, Item("assets/inner.zip", INNER), comment=b"and a comment"),
        "nested-skills": zipped(IN_FOLDER, Item("my-skill/examples/other/SKILL.md", SKILL_MD)),
        "empty-files": zipped(SKILL, Item("scripts/__init__.py", b""), deflated("empty", b"")),
    }


def _by_system() -> dict[str, bytes]:
    """As programs of one system write them."""
    accented = "my-skill/re\u0301sume\u0301.md".encode()
    return {
        "macos": zipped(
            Item("my-skill/", b"", mode=0o40755, flags=STREAMED),
            streamed("my-skill/SKILL.md", SKILL_MD),
            Item("__MACOSX/", b"", mode=0o40775),
            Item("__MACOSX/my-skill/", b"", mode=0o40775),
            apple_double("__MACOSX/my-skill/._SKILL.md"),
            Item("my-skill/.DS_Store", b"\x00\x00\x00\x01Bud1"),
            Item("my-skill/Icon\r", b""),
            Item(accented),
            apple_double("__MACOSX/my-skill/._re\u0301sume\u0301.md"),
            Item(".DS_Store", b"\x00\x00\x00\x01Bud1"),
        ),
        "windows": zipped(
            Item("SKILL.md", SKILL_MD, made_by=0, mode=0, dos=0x20),
            Item("scripts/run.ps1", made_by=0, mode=0, dos=0x21),
            Item("Thumbs.db", made_by=0, mode=0, dos=0x26),
            Item("assets/desktop.ini", made_by=0, mode=0, dos=0x26),
        ),
        "dos-folder-without-slash": zipped(
            Item("docs", b"", made_by=0, mode=0, dos=0x10), SKILL, Item("docs/a.md", made_by=0, mode=0)
        ),
        "linux-checkout": zipped(
            IN_FOLDER,
            Item("my-skill/.git/config"),
            Item("my-skill/.git/HEAD", mode=0o120777, content=b"refs/heads/main"),
            Item("my-skill/.gitignore"),
            Item("my-skill/scripts/__pycache__/run.cpython-311.pyc"),
        ),
        "files-that-are-not-there": zipped(
            Item("SKILL.md", SKILL_MD + b"\nRead [more](docs/more.md), then `../shared/rules.md`.\n"),
            Item("scripts/run.py"),
        ),
        "folder-of-repository": zipped(Item("my-skill-main/SKILL.md", SKILL_MD)),
        "folder-in-capitals": zipped(Item("My-Skill/SKILL.md", SKILL_MD)),
        "backslashes": zipped(Item("my-skill\\SKILL.md", SKILL_MD), Item("my-skill\\scripts\\run.ps1")),
        "gbk-names": zipped(SKILL, Item("参考/使用说明.md".encode("gbk"))),
        "shift-jis-names": zipped(SKILL, Item("スクリプト/表示.py".encode("cp932"))),
        "big5-names": zipped(SKILL, Item("參考/使用說明.md".encode("big5"))),
        "euc-kr-names": zipped(SKILL, Item("참고/문서.md".encode("cp949"))),
        "windows-1251-names": zipped(SKILL, Item("справка/документы.md".encode("cp1251"))),
        "unicode-path-field-for-lost-name": zipped(
            SKILL, Item(b"????.md", extra=unicode_path(b"????.md", "使用说明.md"))
        ),
        "code-page-437-name": zipped(SKILL, Item("caf\u00e9.md".encode("cp437"))),
        "unicode-path-field": zipped(
            SKILL, Item("caf\u00e9.md".encode("cp437"), extra=unicode_path(b"caf\x82.md", "caf\u00e9.md"))
        ),
        "unicode-path-field-of-other-name": zipped(
            SKILL, Item(b"renamed.md", extra=unicode_path(b"original.md", "original.md"))
        ),
    }


def _by_format() -> dict[str, bytes]:
    """With parts of the format that few programs use."""
    wide = extra_field(1, struct.pack("<QQ", 0, 0))
    skill_size = len(zip64_item("SKILL.md", SKILL_MD, 0).local_part())
    times = extra_field(0x5455, b"\x01\x00\x00\x00\x00") + extra_field(
        0x7875, b"\x01\x04\x00\x00\x00\x00\x04\x00\x00\x00\x00"
    )
    other = Item("other.md")
    return {
        "streamed": zipped(streamed("SKILL.md", SKILL_MD), streamed("a.txt", TEXT), streamed("empty", b"")),
        "streamed-without-signature": zipped(
            streamed("SKILL.md", SKILL_MD, signed=False), streamed("a", b"", signed=False)
        ),
        "streamed-zip64": zipped(streamed("SKILL.md", SKILL_MD, wide=True, extra=wide), streamed("a", b"", wide=True)),
        "streamed-stored": zipped(
            Item("SKILL.md", SKILL_MD, flags=STREAMED, descriptor=descriptor(SKILL_MD, len(SKILL_MD))), Item("a.txt")
        ),
        "zip64": zipped(
            zip64_item("SKILL.md", SKILL_MD, 0), zip64_item("a.txt", TEXT, skill_size), comment=b"all wide", zip64=True
        ),
        "zip64-end-record-only": zipped(SKILL, zip64=True),
        "zip64-not-needed": zipped(
            SKILL, zip64=True, end={"count_here": 1, "count": 1, "size": 54, "start": len(SKILL.local_part())}
        ),
        "span-marker": zipped(Item("SKILL.md", SKILL_MD), before=b"PK00"),
        "directory-in-other-order": zipped(SKILL, other, listed=(other, SKILL)),
        "extra-fields": zipped(Item("SKILL.md", SKILL_MD, extra=times), Item("a.txt", local={"extra": b"\x00" * 3})),
        "extra-fields-more-than-are-read": zipped(SKILL, Item("a.txt", extra=extra_field(0x7777, b"") * 100)),
        "extra-field-cut-off": zipped(SKILL, Item("a.txt", extra=b"\x01\x00\xff\x00")),
        "flags-of-compression-level": zipped(deflated("SKILL.md", SKILL_MD, flags=0x06)),
    }


def _by_name() -> dict[str, bytes]:
    """With names that are unusual and mean the same everywhere."""
    return {
        "names-of-the-world": zipped(
            SKILL,
            Item("two words.md"),
            Item("\u6280\u80fd/\u8aac\u660e.md"),
            Item("\U0001f469\u200d\U0001f4bb.md"),
            Item("\u0645\u0644\u0641.txt"),
            Item("#&'()+,-.;=@[]^_`{}~!$%.md"),
            Item(" leading.md"),
        ),
        "decomposed-name": zipped(SKILL, Item("re\u0301sume\u0301.md"), Item("r\u00e9sum\u00e9s.md")),
        "utf8-without-flag": zipped(SKILL, Item("\u6280\u80fd.md".encode())),
        "same-name-in-two-folders": zipped(SKILL, Item("a/README.md"), Item("b/readme.md"), Item("a.md"), Item("a/b")),
        "deep": zipped(SKILL, Item("d/" * 200 + "file.txt")),
        "long-name": zipped(SKILL, Item("n" * 255)),
        "dots": zipped(SKILL, Item("..."), Item("..hidden"), Item(".env.example"), Item("a..b"), Item("trailing..")),
        "not-on-windows": zipped(SKILL, Item("aux.md"), Item("what?.md"), Item("12:30.txt"), Item("ends in a dot./a")),
    }


def _by_manifest() -> dict[str, bytes]:
    """With a SKILL.md that is written unusually."""
    crlf = SKILL_MD.replace(b"\n", b"\r\n")
    return {
        "bom-and-crlf": zipped(Item("SKILL.md", b"\xef\xbb\xbf" + crlf)),
        "carriage-returns": zipped(Item("SKILL.md", SKILL_MD.replace(b"\n", b"\r"))),
        "fields-of-claude-code": zipped(
            Item("SKILL.md", SKILL_MD.replace(b"\n---\nDo", b"\nargument-hint: <file>\ncontext: fork\n---\nDo"))
        ),
    }


ACCEPT = _ordinary() | _by_system() | _by_format() | _by_name() | _by_manifest()
