"""Uploads made to be slow or to fill the memory are judged quickly and in little of it."""

from __future__ import annotations

import io
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import pytest

from skills_registry.findings.scanner import FINDINGS_MAX, scan
from skills_registry.packages.archive import read_archive
from skills_registry.packages.manifest import parse_manifest
from skills_registry.packages.package import Limits, Package
from skills_registry.packages.problems import LISTED_MAX, InvalidSkill, Problem
from tests.samples.zip_writer import DEFLATED, SKILL, SKILL_MD, Item, zipped

MEBIBYTE = 1024 * 1024
SECONDS = 10
"""Many times what any of these takes; those that once were slow took minutes."""


def package_of(contents: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return data.getvalue()


def skill_md(body: bytes = b"Do.\n", fields: bytes = b"") -> bytes:
    return package_of({"SKILL.md": b"---\nname: my-skill\ndescription: x\n" + fields + b"---\n" + body})


def empty_blocks() -> bytes:
    packed = b"\0\0\0\xff\xff" * (2 * MEBIBYTE) + b"\x03\x00"
    return zipped(SKILL, Item("nothing", b"", packed=packed, method=DEFLATED))


def tiny_blocks() -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    words = [b"%06d" % (number * 7919 % 999_983) for number in range(60_000)]
    packed = b"".join(compressor.compress(word) + compressor.flush(zlib.Z_FULL_FLUSH) for word in words)
    return zipped(SKILL, Item("words", b"".join(words), packed=packed + compressor.flush(), method=DEFLATED))


ZIPS: dict[str, Callable[[], bytes]] = {
    "noise": lambda: bytes(range(256)) * (128 * 1024),
    "only end records": lambda: b"PK\x05\x06" * (8 * MEBIBYTE),
    "end records in the comment": lambda: zipped(SKILL, comment=b"PK\x05\x06" * 16_000),
    "end records that fit": lambda: zipped(SKILL, comment=(b"PK\x05\x06" + bytes(18)) * 2_900),
    "sixty thousand entries": lambda: zipped(
        SKILL, *(Item(b"%d" % number, b"") for number in range(60_000)), end={"count": 4096, "count_here": 4096}
    ),
    "long names": lambda: zipped(SKILL, *(Item(f"{number:05}{'n' * 7_900}", b"") for number in range(2_000))),
    "deep paths": lambda: zipped(SKILL, *(Item(f"{'d/' * 250}{number:05}", b"") for number in range(2_000))),
    "deep folders of strange letters": lambda: zipped(
        SKILL, *(Item(f"{chr(0x1E00 + number % 99) + '/'}" * 120 + f"{number:05}/", b"") for number in range(2_000))
    ),
    "extra fields without content": lambda: zipped(
        SKILL, *(Item(f"{number:03}", b"", extra=bytes(65_532)) for number in range(220))
    ),
    "deflate blocks without content": empty_blocks,
    "deflate blocks of six bytes": tiny_blocks,
    "a bomb of zeros": lambda: package_of({"SKILL.md": SKILL_MD, "zeros": bytes(128 * MEBIBYTE)}),
    "8 mebibytes of line ends": lambda: skill_md(b"Do." + b"\n" * (8 * MEBIBYTE)),
    "8 mebibytes of almost commands": lambda: skill_md(b" !` ```" * MEBIBYTE),
    "8 mebibytes of almost keys": lambda: skill_md(b"-----BEGIN " + b"PRIVATE " * MEBIBYTE),
    "8 mebibytes of almost tokens": lambda: skill_md(b"ghp_" * (2 * MEBIBYTE)),
    "frontmatter that never ends": lambda: package_of({"SKILL.md": b"---\n" + b"--- x\n" * (2 * MEBIBYTE)}),
    "frontmatter of 16 mebibytes": lambda: skill_md(fields=b"a: b\n" * (3 * MEBIBYTE)),
}
FRONTMATTER = {
    "brackets": "x: " + "[" * 60_000,
    "braces": "x: " + "{a: " * 15_000,
    "brackets in a key": "? " + "[" * 60_000,
    "nested lists": "x:\n  " + "- " * 30_000,
    "nested keys": "? " * 30_000,
    "many keys": "".join(f"x{number}: y\n" for number in range(6_000)),
    "one key many times": "x: y\n" * 12_000,
    "aliases": "x: [" + "*a, " * 15_000 + "]",
    "pairs": "x: [" + "? a : b, " * 7_000 + "]",
    "empty lists": "x: [" + "[], " * 16_000 + "]",
    "a number of base 60": "x: 1" + ":59" * 20_000,
    "a fraction of base 60": "x: 1" + ":59" * 20_000 + ".5",
    "a number of 60,000 digits": "x: " + "9" * 60_000,
    "a binary number": "x: 0b" + "1" * 60_000,
    "one argument many times": "arguments:" + " a" * 30_000,
    "many arguments": "arguments: " + " ".join(f"{number}" for number in range(10_000)),
    "a folded text": "x: >\n" + " y\n" * 20_000,
    "a quoted text on many lines": 'x: "' + "y\n " * 20_000 + '"',
    "escapes": 'x: "' + "\\0" * 30_000 + '"',
    "tags": "x: [" + "!a b, " * 10_000 + "]",
    "merge keys": "x:\n" + "  <<: y\n" * 8_000,
}


def judged(data: bytes) -> tuple[Package | None, tuple[Problem, ...]]:
    try:
        package = read_archive(data)
    except InvalidSkill as refused:
        return None, refused.problems
    return package, package.warnings


def problems_of(text: str) -> tuple[Problem, ...]:
    try:
        return parse_manifest(text).warnings
    except InvalidSkill as refused:
        return refused.problems


@pytest.mark.parametrize("name", ZIPS)
def test_a_zip_is_judged_and_scanned_in_little_time(name: str) -> None:
    data = ZIPS[name]()
    started = time.monotonic()
    package, problems = judged(data)
    findings = scan(package.files) if package else ()
    assert time.monotonic() - started < SECONDS
    assert len(problems) <= 2 * (LISTED_MAX + 1)
    assert len(findings) <= FINDINGS_MAX


@pytest.mark.parametrize("name", ["long names", "a bomb of zeros", "8 mebibytes of line ends"])
def test_a_zip_is_judged_in_little_memory(name: str) -> None:
    data = ZIPS[name]()
    tracemalloc.start()
    try:
        judged(data)
        assert tracemalloc.get_traced_memory()[1] < 64 * MEBIBYTE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", FRONTMATTER)
def test_frontmatter_is_judged_in_little_time(name: str) -> None:
    text = f"---\nname: my-skill\ndescription: y\n{FRONTMATTER[name]}\n---\nDo.\n"
    assert len(text) < 64 * 1024
    started = time.monotonic()
    problems = problems_of(text)
    assert time.monotonic() - started < SECONDS
    assert len(problems) <= 2 * (LISTED_MAX + 1)


def test_a_limit_may_be_set_higher_than_the_default() -> None:
    data = zipped(SKILL, *(Item(f"{number}", b"") for number in range(5_000)))
    assert len(read_archive(data, Limits(files=5_001)).files) == 5_001
