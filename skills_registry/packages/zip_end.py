"""Finds the central directory of a zip, and rejects ambiguous zips. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .problems import InvalidSkill, Param, Params, Problem

ALL_ONES_16, ALL_ONES_32 = 0xFFFF, 0xFFFF_FFFF
"""Field values that mean: see the zip64 record."""
CENTRAL_SIGNATURE = b"PK\x01\x02"

_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_LOCATOR = struct.Struct("<4sLQL")
_LOCATOR_SIGNATURE = b"PK\x06\x07"
_END64 = struct.Struct("<4sQ4x2L4Q")
_END64_SIGNATURE = b"PK\x06\x06"
_COMMENT_MAX = 0xFFFF

_OTHER_FORMATS = (
    (b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"), (b"(\xb5/\xfd", "zstd"),
    (b"Rar!", "rar"), (b"7z\xbc\xaf", "7z"), (b"---", "skill-md"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Directory:
    """A zip's central directory: number of entries, start and end offsets."""

    count: int
    start: int
    end: int


def find_directory(data: bytes) -> Directory:
    """Find the single end record at the end of the data, and the directory it points to. Raises InvalidSkill."""
    at = _find_end(data)
    _, *numbers, _ = _END.unpack_from(data, at)
    disk, directory_disk, count_here, count, size, start = numbers
    end = at
    if at >= _LOCATOR.size and data.startswith(_LOCATOR_SIGNATURE, at - _LOCATOR.size):
        end, numbers = _read_zip64(data, at - _LOCATOR.size, numbers)
        disk, directory_disk, count_here, count, size, start = numbers
    if disk or directory_disk or count_here != count:
        raise invalid_zip("archive-split")
    if start + size < end and (not data.startswith(b"PK") or data.startswith(CENTRAL_SIGNATURE, end - size)):
        raise invalid_zip("archive-leading-data")
    if start + size != end:
        raise damaged_zip("directory-elsewhere")
    return Directory(count, start, end)


def invalid_zip(code: str, params: Params | None = None) -> InvalidSkill:
    """The error for a zip that cannot be read further."""
    return InvalidSkill([Problem(code, params or {})])


def damaged_zip(case: str, **params: Param) -> InvalidSkill:
    """The error for a zip that is truncated or contradicts itself."""
    return invalid_zip("archive-damaged", {"case": case, **params})


def _find_end(data: bytes) -> int:
    """Offset of the end record; its comment must end exactly where the data ends."""
    fitting, last = [], -1
    at = data.find(_END_SIGNATURE, max(len(data) - _END.size - _COMMENT_MAX, 0))
    while at >= 0:
        last = at
        if at + _END.size <= len(data) and at + _END.size + _END.unpack_from(data, at)[-1] == len(data):
            fitting.append(at)
        at = data.find(_END_SIGNATURE, at + 1)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise invalid_zip("archive-ambiguous")
    raise _explain_missing_end(data, last if last >= 0 else data.rfind(_END_SIGNATURE))


def _explain_missing_end(data: bytes, last: int) -> InvalidSkill:
    """Why no end record ends the data; `last` is the offset of the last signature anywhere, or -1."""
    if last >= 0 and last + _END.size <= len(data) and last + _END.size + _END.unpack_from(data, last)[-1] < len(data):
        return invalid_zip("archive-trailing-data")
    if last >= 0 or data.startswith(b"PK"):
        return damaged_zip("cut-off")
    return invalid_zip("archive-not-zip", {"kind": _other_format(data)})


def _read_zip64(data: bytes, locator: int, numbers: list[int]) -> tuple[int, list[int]]:
    """The end of the directory, and the end record's numbers from the zip64 end record."""
    _, _, at, _ = _LOCATOR.unpack_from(data, locator)
    if at + _END64.size > locator or not data.startswith(_END64_SIGNATURE, at):
        raise damaged_zip("zip64-elsewhere")
    _, length, *wide = _END64.unpack_from(data, at)
    if at + 12 + length != locator:
        raise damaged_zip("zip64-length")
    for narrow, full, ones in zip(numbers, wide, (ALL_ONES_16,) * 4 + (ALL_ONES_32,) * 2, strict=True):
        if narrow not in (full, ones):
            raise damaged_zip("ends-contradict")
    return at, wide


def _other_format(data: bytes) -> str:
    if not data:
        return "empty"
    known = (name for magic, name in _OTHER_FORMATS if data.startswith(magic))
    return "tar" if data[257:262] == b"ustar" else next(known, "other")
