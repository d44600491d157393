"""Reads a zip's entries, and rejects zips that programs might read differently. Pure.

The standard library's `zipfile` is too lenient for untrusted zips: it truncates an entry to its declared
size, lets entries overlap, ignores bytes between entries and takes the last end record. Here, the two
headers of an entry must agree, and every byte must belong to a record or an entry.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from .paths import printable
from .problems import InvalidSkill, Param
from .zip_end import ALL_ONES_32, CENTRAL_SIGNATURE, Directory, damaged_zip, find_directory, invalid_zip

STORED, DEFLATED = 0, 8
ENCRYPTED_FLAGS, PATCH_FLAG = 0x2041, 0x20
_DESCRIPTOR_FLAG, _UTF8_FLAG = 0x08, 0x800
_ZIP64_EXTRA, _UNICODE_PATH_EXTRA = 0x0001, 0x7075

_CENTRAL = struct.Struct("<4s4x2H4x3L3H4x2L")
_LOCAL = struct.Struct("<4s2x2H4x3L2H")
_EXTRA_FIELDS_MAX = 64
_EXTRA = struct.Struct("<HH")
_LOCAL_SIGNATURE = b"PK\x03\x04"
_DESCRIPTOR_SIGNATURE = b"PK\x07\x08"
_SPAN_MARKERS = (_DESCRIPTOR_SIGNATURE + _LOCAL_SIGNATURE, b"PK00" + _LOCAL_SIGNATURE)
"""Start of a zip that could have been split but fits into one part (APPNOTE 8.5.3, 8.5.4)."""


@dataclass(frozen=True, slots=True)
class Header:
    """One of an entry's two headers, with sizes from its zip64 field."""

    flags: int
    method: int
    crc: int
    packed_size: int
    size: int
    raw_name: bytes
    extra: dict[int, bytes]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a zip: its declared properties, and the offsets of its bytes."""

    name: str
    name_is_guess: bool
    """Whether the name's encoding is not declared and is not UTF-8; it was decoded as code page 437."""
    header: Header
    """The header in the central directory."""
    attributes: int
    """Unix mode in the upper 16 bits (0 if there is none), DOS attributes in the lower."""
    disagreement: str
    """How the two headers differ: `name`, `method`, `encryption` or `size` (or checksum); "" if they agree."""
    start: int
    data_start: int
    end: int
    """End of its bytes, or of its data descriptor if it has one."""


class DamagedEntry(Exception):
    """An entry's bytes do not match its headers; `params` are those of the problem."""

    def __init__(self, **params: Param) -> None:
        self.params = params
        super().__init__(params)


def read_directory(data: bytes, max_entries: int) -> list[Entry]:
    """Read all entries of a zip. Raises InvalidSkill if programs might read the zip differently."""
    directory = find_directory(data)
    if directory.count > max_entries:
        raise invalid_zip("too-many-files", {"case": "entries", "count": directory.count})
    entries = list(_read_entries(data, directory))
    _check_layout(data, entries, directory.start)
    return entries


def unpack(data: bytes, entry: Entry, limit: int) -> bytes:
    """Unpack an entry, at most `limit` + 1 bytes.

    Raises DamagedEntry if size or checksum do not match the headers.
    """
    header = entry.header
    packed = memoryview(data)[entry.data_start : entry.data_start + header.packed_size]
    at_most = min(limit, header.size) + 1
    content = bytes(packed[:at_most]) if header.method == STORED else _inflate(packed, at_most)
    if len(content) <= limit and len(content) != header.size:
        raise DamagedEntry(case="size", size=header.size)
    if len(content) <= limit and zlib.crc32(content) != header.crc:
        raise DamagedEntry(case="checksum")
    return content


def _inflate(packed: memoryview, at_most: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflater.decompress(packed, at_most)
    except zlib.error as error:
        raise DamagedEntry(reason=str(error)) from None
    if len(content) < at_most and not inflater.eof:
        raise DamagedEntry(case="cut-off")
    if inflater.unused_data:
        raise DamagedEntry(case="further-data")
    return content


def _read_entries(data: bytes, directory: Directory) -> Iterator[Entry]:
    at = directory.start
    for _ in range(directory.count):
        if at + _CENTRAL.size > directory.end or not data.startswith(CENTRAL_SIGNATURE, at):
            raise damaged_zip("fewer-entries")
        header, attributes, start, at = _read_central_header(data, at)
        if at > directory.end:
            raise damaged_zip("directory-cut-off")
        yield _read_entry(data, header, attributes, start, directory.start)
    if at != directory.end:
        raise damaged_zip("more-entries")


def _read_central_header(data: bytes, at: int) -> tuple[Header, int, int, int]:
    """A header in the central directory, the entry's attributes and start, and the offset of the next header."""
    _, flags, method, crc, packed, size, *lengths, attributes, start = _CENTRAL.unpack_from(data, at)
    name_at, extra_at, comment_at, end = itertools.accumulate(lengths, initial=at + _CENTRAL.size)
    extra = _extra_fields(data[extra_at:comment_at])
    size, packed, start = _apply_zip64(extra, size, packed, start)
    return Header(flags, method, crc, packed, size, data[name_at:extra_at], extra), attributes, start, end


def _read_local_header(data: bytes, at: int) -> tuple[Header, int]:
    """An entry's local header, and the offset of its bytes."""
    _, flags, method, crc, packed, size, *lengths = _LOCAL.unpack_from(data, at)
    name_at, extra_at, end = itertools.accumulate(lengths, initial=at + _LOCAL.size)
    extra = _extra_fields(data[extra_at:end])
    size, packed = _apply_zip64(extra, size, packed)
    return Header(flags, method, crc, packed, size, data[name_at:extra_at], extra), end


def _read_entry(data: bytes, header: Header, attributes: int, start: int, directory_start: int) -> Entry:
    name, name_is_guess = _decode_name(header)
    if start + _LOCAL.size > directory_start or not data.startswith(_LOCAL_SIGNATURE, start):
        raise damaged_zip("entry-elsewhere", name=printable(name))
    local, data_start = _read_local_header(data, start)
    end = data_start + header.packed_size
    if end > directory_start:
        raise damaged_zip("entry-too-long", name=printable(name))
    if local.flags & _DESCRIPTOR_FLAG:
        end += _descriptor_length(data, header, end)
    return Entry(
        name=name,
        name_is_guess=name_is_guess,
        header=header,
        attributes=attributes,
        disagreement=_find_disagreement(header, local, name),
        start=start,
        data_start=data_start,
        end=end,
    )


def _extra_fields(extra: bytes) -> dict[int, bytes]:
    """Extra fields by id, the first of each; reading stops at malformed data, which usually is padding."""
    fields: dict[int, bytes] = {}
    at = 0
    for _ in range(_EXTRA_FIELDS_MAX):
        if at + _EXTRA.size > len(extra):
            break
        kind, length = _EXTRA.unpack_from(extra, at)
        at += _EXTRA.size + length
        if at <= len(extra):
            fields.setdefault(kind, extra[at - length : at])
    return fields


def _apply_zip64(extra: dict[int, bytes], *values: int) -> list[int]:
    """Replace values that are all ones with those in the zip64 field; `values` are in that field's order."""
    field = extra.get(_ZIP64_EXTRA, b"")
    wide = (value for (value,) in struct.iter_unpack("<Q", field[: len(field) // 8 * 8]))
    return [next(wide, value) if value == ALL_ONES_32 else value for value in values]


def _decode_name(header: Header) -> tuple[str, bool]:
    """The name, and whether its encoding is unknown.

    Many programs write UTF-8 without declaring it. Invalid bytes in a name declared as UTF-8 become
    surrogates, which paths must not contain.
    """
    if header.flags & _UTF8_FLAG:
        return header.raw_name.decode("utf-8", "surrogateescape"), False
    declared = _unicode_name(header)
    if declared is not None and not declared.isascii():  # an ASCII name needs no such field, except to mislead
        return declared, False
    try:
        return header.raw_name.decode("utf-8"), False
    except UnicodeDecodeError:
        return (declared, False) if declared is not None else (header.raw_name.decode("cp437"), True)


def _unicode_name(header: Header) -> str | None:
    """The name in the Unicode Path field, if its checksum matches this name (APPNOTE 4.6.9)."""
    field = header.extra.get(_UNICODE_PATH_EXTRA, b"")
    if field[:1] != b"\x01" or field[1:5] != zlib.crc32(header.raw_name).to_bytes(4, "little"):
        return None
    return field[5:].decode("utf-8", "surrogateescape")


def _find_disagreement(central: Header, local: Header, name: str) -> str:
    if local.raw_name != central.raw_name or {_unicode_name(local), _unicode_name(central)} - {None, name}:
        return "name"
    if local.method != central.method:
        return "method"
    if (local.flags ^ central.flags) & ENCRYPTED_FLAGS:
        return "encryption"
    streamed = local.flags & _DESCRIPTOR_FLAG
    if not streamed and (local.crc, local.packed_size, local.size) != (central.crc, central.packed_size, central.size):
        return "size"
    return ""


def _descriptor_length(data: bytes, header: Header, at: int) -> int:
    """Length of the data descriptor at `at`, with or without signature, with 8-byte or 4-byte sizes; 0 if none."""
    crc, packed, size = (number.to_bytes(8, "little") for number in (header.crc, header.packed_size, header.size))
    for signature, width in itertools.product((_DESCRIPTOR_SIGNATURE, b""), (8, 4)):
        descriptor = signature + crc[:4] + packed[:width] + size[:width]
        if data.startswith(descriptor, at):
            return len(descriptor)
    return 0


def _check_layout(data: bytes, entries: list[Entry], directory_start: int) -> None:
    """Reject overlapping entries (zip bombs have them), and bytes outside of entries."""
    position = 4 if data.startswith(_SPAN_MARKERS) else 0
    earlier = ""
    for entry in sorted(entries, key=lambda entry: entry.start):
        if entry.start < position:
            raise invalid_zip("archive-overlap", {"first": printable(earlier), "second": printable(entry.name)})
        if entry.start > position:
            raise _hidden_data(position, entry.start)
        position, earlier = entry.end, entry.name
    if position < directory_start:
        raise _hidden_data(position, directory_start)


def _hidden_data(start: int, end: int) -> InvalidSkill:
    if start == 0:
        return invalid_zip("archive-leading-data")
    return invalid_zip("archive-hidden-data", {"size": end - start})
