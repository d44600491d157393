"""What holds for any package, any bytes and any text (found by hypothesis, not by us)."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import time
import zipfile
import zlib
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from skills_registry.packages.archive import read_archive
from skills_registry.packages.manifest import Manifest, parse_manifest, split_document
from skills_registry.packages.package import Limits, Package
from skills_registry.packages.problems import InvalidSkill
from tests.samples.accepted import ACCEPT
from tests.samples.zip_writer import SKILL, SKILL_MD, Item, zipped

from .support.packages import assemble

FEW, MANY = (settings(max_examples=number, deadline=None) for number in (60, 200))
SMALL = Limits(files=64, total_bytes=256 * 1024, archive_bytes=1024 * 1024)
DELIMITER = r"---[ \t]*(?:\r\n|\r|\n|\Z)"

words = st.text(
    st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"), exclude_characters="/\\:"), min_size=1, max_size=12
)


@st.composite
def file_sets(draw: st.DrawFn) -> dict[str, bytes]:
    """Files whose names differ by more than case and composition: each begins with a number of its own."""
    folders = st.lists(
        st.sampled_from(["docs", "R\u00e9f\u00e9rences", "re\u0301sume\u0301", "\u6280\u80fd"]), max_size=3
    )
    contents = draw(st.lists(st.tuples(folders, words, st.binary(max_size=200)), max_size=8))
    files = {"/".join([*path, f"{number} {name}x"]): content for number, (path, name, content) in enumerate(contents)}
    return {"SKILL.md": SKILL_MD, **files}


def zip_of(files: dict[str, bytes], order: list[str], top: str = "", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for path in order:
            archive.writestr(top + path, files[path])
    return data.getvalue()


def judged(data: bytes) -> Package | None:
    """The package, or None where it is refused; anything but InvalidSkill fails the test, and so does dawdling."""
    started = time.monotonic()
    package = None
    with contextlib.suppress(InvalidSkill):
        package = read_archive(data, SMALL)
    assert time.monotonic() - started < 5
    return package


@FEW
@given(st.data(), file_sets())
def test_any_files_come_out_of_a_zip_as_they_went_in(data: st.DataObject, files: dict[str, bytes]) -> None:
    order = data.draw(st.permutations(list(files)))
    top = data.draw(st.sampled_from(["", "my-skill/", "./", "./my-skill/"]))
    method = data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    package = read_archive(zip_of(files, order, top, method))
    assert {file.path: file.content for file in package.files} == files
    assert [file.path.encode() for file in package.files] == sorted(path.encode() for path in files)
    for file in package.files:
        assert (file.sha256, file.size) == (hashlib.sha256(files[file.path]).hexdigest(), len(files[file.path]))
    assert package.digest == assemble(files).digest


@FEW
@given(file_sets(), st.data())
def test_a_digest_changes_with_any_name_and_any_byte(files: dict[str, bytes], data: st.DataObject) -> None:
    before = assemble(files).digest
    path = data.draw(st.sampled_from([path for path in files if path != "SKILL.md"] or ["SKILL.md"]))
    grown = files | {path: files[path] + b"\n"}
    renamed = {other: content for other, content in files.items() if other != path} | {"renamed": files[path]}
    assert assemble(grown).digest != before
    if path != "SKILL.md":
        assert assemble(renamed).digest != before


records = st.lists(
    st.one_of(
        st.sampled_from([b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x07\x08"]),
        st.sampled_from([b"\x01", b"\xff" * 4, b"\x16\0", b"\x2c\0\0\0\0\0\0\0"]),
        st.integers(1, 60).map(bytes),
    ),
    max_size=12,
).map(b"".join)


@MANY
@given(st.one_of(st.binary(max_size=300), records, records.map(lambda data: data + b"PK\x05\x06" + bytes(18))))
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidSkill):
        read_archive(data, SMALL)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A valid zip after an accident or two: a byte changed, or bytes cut out, doubled, or taken from another zip."""
    samples = st.sampled_from([data for data in ACCEPT.values() if len(data) < 3000])
    data, other = draw(samples), draw(samples)
    for _ in range(draw(st.integers(1, 2))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.one_of(st.just(1), st.integers(0, 40)))
        piece = draw(
            st.one_of(st.binary(min_size=1, max_size=1), st.sampled_from([b"", data[start:end] * 2, other[start:end]]))
        )
        data = data[:start] + piece + data[end:]
    return data


NUMBERS = st.one_of(st.integers(0, 80), st.sampled_from([0x7FFF, 0xFFFF]))
WIDE_NUMBERS = st.one_of(NUMBERS, st.sampled_from([0x7FFF_FFFF, 0xFFFF_FFFF]))


@st.composite
def lying(draw: st.DrawFn) -> bytes:
    """A zip whose records say anything."""
    says = st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from([b"SKILL.md", b"a", b"a/", b"../a", b"", b"\xff", b"A"]),
            "flags": NUMBERS,
            "method": st.sampled_from([0, 8, 12, 99]),
            "crc": WIDE_NUMBERS,
            "packed_size": WIDE_NUMBERS,
            "size": WIDE_NUMBERS,
            "extra": st.one_of(st.binary(max_size=30), st.binary(max_size=24).map(lambda data: b"\x01\0\x18\0" + data)),
        },
    )
    items = [
        Item(
            draw(st.sampled_from(["a", "b/", "b/c", "SKILL.md"])),
            draw(st.sampled_from([b"", b"text", SKILL_MD])),
            packed=draw(st.sampled_from([None, None, b"", b"\x03\x00", b"\x01\x04\x00\xfb\xfftext"])),
            method=draw(st.sampled_from([0, 8])),
            mode=draw(st.sampled_from([0, 0o100644, 0o40755, 0o120777])),
            dos=draw(st.sampled_from([0, 0x10])),
            descriptor=draw(st.sampled_from([b"", bytes(12), b"PK\x07\x08" + bytes(12)])),
            local=draw(says),
            central=draw(st.one_of(says, st.builds(dict, says, offset=WIDE_NUMBERS))),
        )
        for _ in range(draw(st.integers(0, 3)))
    ]
    end = st.fixed_dictionaries(
        {}, optional={"disk": NUMBERS, "count": NUMBERS, "count_here": NUMBERS, "size": WIDE_NUMBERS}
    )
    return zipped(SKILL, *items, zip64=draw(st.booleans()), end=draw(st.one_of(st.just({}), end)))


@MANY
@given(st.one_of(mutated(), lying()))
def test_a_damaged_zip_is_refused_or_read_as_any_program_reads_it(data: bytes) -> None:
    package = judged(data)
    if package is not None:
        assert package.size <= SMALL.total_bytes
        with contextlib.suppress(zipfile.BadZipFile, NotImplementedError):
            archive = zipfile.ZipFile(io.BytesIO(data))
            contents = {unzipped(archive, info) for info in archive.infolist()}
            assert None in contents or {file.content for file in package.files} <= contents


def unzipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | None:
    """What the standard library reads; None where it cannot, as may be for entries that are dropped."""
    with contextlib.suppress(zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, UnicodeDecodeError):
        return archive.read(info)
    return None


pieces = st.one_of(
    st.sampled_from(["---", "--- ", "----", " ---", "...", "\n", "\r\n", "\r", "\ufeff", "\0", "\x85", "\u2028"]),
    st.sampled_from(
        ["name: my-skill", "description: x", "a: b", "1", "true", "~", "\\ud83d", "  ", "\t", "<<: ", "- "]
    ),
    st.sampled_from(
        ["[", "]", "{", "}", "? ", ": ", "&a ", "*a", "!", "!!str ", '"', "'", "\\", "| ", "> ", "# ", "%"]
    ),
)
texts = st.one_of(
    st.text(max_size=80),
    st.lists(pieces, max_size=40).map("".join),
    st.lists(pieces, max_size=20).map(lambda parts: "---\nname: x\ndescription: y\n" + "".join(parts) + "\n---\nDo.\n"),
)


def manifest_or_refusal(text: str) -> Manifest | InvalidSkill:
    try:
        return parse_manifest(text)
    except InvalidSkill as refused:
        return refused


@MANY
@given(texts)
def test_any_text_is_refused_with_lines_of_its_own_or_survives_as_json(text: str) -> None:
    outcome = manifest_or_refusal(text)
    if isinstance(outcome, Manifest):
        survived = json.loads(json.dumps(outcome.frontmatter, allow_nan=False).encode())
        assert survived == outcome.frontmatter
        assert list(survived) == list(outcome.frontmatter)
    else:
        lines = len(re.split(r"\r\n|\r|\n", text))
        assert outcome.errors
        assert all(problem.line is not None and 1 <= problem.line <= lines for problem in outcome.problems)


printable = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), max_size=30).filter(
    lambda text: "\ufeff" not in text
)
json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53), 2**53),
        st.floats(allow_nan=False, allow_infinity=False),
        printable,
    ),
    lambda values: st.one_of(st.lists(values, max_size=4), st.dictionaries(printable, values, max_size=4)),
    max_leaves=12,
)


def written(fields: dict[str, Any]) -> Manifest:
    text = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=1000)
    return parse_manifest(f"---\n{text}---\nDo.\n")


@FEW
@given(
    st.dictionaries(printable.filter(lambda key: key not in ("name", "description")).map("x-{}".format), json_values)
)
def test_any_json_written_as_yaml_comes_back_the_same(fields: dict[str, Any]) -> None:
    fields = {"name": "my-skill", "description": "Has fields.", **fields}
    assert written(fields).frontmatter == fields


@MANY
@given(st.one_of(st.text("ab1-", min_size=1, max_size=70), st.text("aA1-_ \n\u00e9", min_size=1, max_size=5), words))
def test_names_are_those_of_the_specification(name: str) -> None:
    valid = re.fullmatch(r"(?!.*--)[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?", name) is not None
    try:
        accepted = written({"name": name, "description": "x"}).name == name
    except InvalidSkill:
        accepted = False
    assert accepted == valid


@MANY
@given(st.lists(pieces, max_size=30).map("".join))
def test_a_document_is_its_frontmatter_and_body_and_the_two_lines_around_it(text: str) -> None:
    with contextlib.suppress(InvalidSkill):
        document = split_document(text)
        rest = text.removeprefix("\ufeff")
        head = rest.removesuffix(document.body)
        assert re.fullmatch(f"{DELIMITER}{re.escape(document.frontmatter)}{DELIMITER}", head)
        assert re.split(r"\r\n|\r|\n", rest)[document.closing_line - 1].rstrip(" \t") == "---"


@MANY
@given(
    st.text(max_size=60).filter(lambda text: not re.search(r"^---[ \t]*$", text.replace("\r", "\n"), re.MULTILINE)),
    st.text(),
)
def test_frontmatter_without_a_delimiter_inside_is_found_whole(frontmatter: str, body: str) -> None:
    document = split_document(f"---\n{frontmatter}\n---\n{body}")
    assert (document.frontmatter, document.body) == (f"{frontmatter}\n", body)
