"""Writes zips byte by byte, so that any of their fields can lie. The same bytes on every machine."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

STREAMED, UTF8 = 0x08, 0x800
DEFLATED = 8
DATE = 0x0021, 0x5A21  # time and date as DOS writes them: 00:01:02 on 2025-01-01
ONES = 0xFFFF_FFFF


@dataclass(frozen=True)
class Item:
    """One entry; `local` and `central` replace fields of only that header, by name."""

    name: str | bytes
    content: bytes = b"text\n"
    packed: bytes | None = None
    """The bytes in the zip, where they are not simply the content."""
    method: int = 0
    flags: int = 0
    made_by: int = 3
    """The system that made it: 0 is DOS, 3 Unix."""
    mode: int = 0o100644
    dos: int = 0
    extra: bytes = b""
    comment: bytes = b""
    descriptor: bytes = b""
    local: dict[str, Any] = field(default_factory=dict)
    central: dict[str, Any] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """What both headers say where they are not told to differ."""
        raw = self.name if isinstance(self.name, bytes) else self.name.encode()
        packed = self.content if self.packed is None else self.packed
        return {
            "name": raw,
            "flags": self.flags if raw.isascii() or isinstance(self.name, bytes) else self.flags | UTF8,
            "method": self.method,
            "crc": zlib.crc32(self.content),
            "packed_size": len(packed),
            "size": len(self.content),
            "extra": self.extra,
        }

    def local_part(self) -> bytes:
        """The header before the bytes, the bytes and the data descriptor."""
        says = self.fields() | self.local
        header = struct.pack(
            "<4s5H3L2H", b"PK\x03\x04", 20, says["flags"], says["method"], *DATE,
            says["crc"], says["packed_size"], says["size"], len(says["name"]), len(says["extra"]),
        )  # fmt: skip
        packed = self.content if self.packed is None else self.packed
        return b"".join([header, says["name"], says["extra"], packed, self.descriptor])

    def central_part(self, offset: int) -> bytes:
        """The header in the directory."""
        says = self.fields() | {"offset": offset} | self.central
        header = struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", self.made_by << 8 | 20, 20, says["flags"], says["method"], *DATE,
            says["crc"], says["packed_size"], says["size"], len(says["name"]), len(says["extra"]), len(self.comment),
            0, 0, self.mode << 16 | self.dos, says["offset"],
        )  # fmt: skip
        return b"".join([header, says["name"], says["extra"], self.comment])


def zipped(
    *items: Item,
    comment: bytes = b"",
    before: bytes = b"",
    gap: bytes = b"",
    listed: tuple[Item, ...] | None = None,
    end: dict[str, int] | None = None,
    zip64: bool = False,
    wide: dict[str, int] | None = None,
) -> bytes:
    """A zip of the items.

    `before` stands before the first of them and `gap` before the directory; the directory lists `listed`,
    which are the items if nothing else is said; `end` replaces fields of the end record, `wide` of its zip64 twin.
    """
    parts, offsets, position = [before], {}, len(before)
    for item in items:
        parts.append(item.local_part())
        offsets[id(item)] = position
        position += len(parts[-1])
    in_directory = items if listed is None else listed
    directory = b"".join(item.central_part(offsets.get(id(item), 0)) for item in in_directory)
    numbers = {"disk": 0, "directory_disk": 0, "count_here": len(in_directory), "count": len(in_directory)}
    numbers |= {"size": len(directory), "start": position + len(gap)}
    data = b"".join([*parts, gap, directory])
    if zip64:
        record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, *(numbers | (wide or {})).values())
        data += record + struct.pack("<4sLQL", b"PK\x06\x07", 0, len(data), 1)
        numbers |= {"count_here": 0xFFFF, "count": 0xFFFF, "size": ONES, "start": ONES}
    numbers |= end or {}
    return data + struct.pack("<4s4HLLH", b"PK\x05\x06", *numbers.values(), len(comment)) + comment


SKILL_MD = b"---\nname: my-skill\ndescription: Shows how a skill is packed.\n---\nDo as the samples do.\n"
TEXT = b"text\n"
SKILL = Item("SKILL.md", SKILL_MD)
IN_FOLDER = Item("my-skill/SKILL.md", SKILL_MD)
INNER = zipped(Item("inner.txt"), comment=b"an end record lies in the last entry of the outer zip")


def deflated(name: str, content: bytes, **fields: Any) -> Item:
    """A deflated entry, though in a block that is not compressed: real compression differs between zlibs."""
    return Item(name, content, packed=deflate(content), method=DEFLATED, **fields)


def deflate(content: bytes) -> bytes:
    """Content of up to 65,535 bytes as one uncompressed deflate block."""
    return b"\x01" + struct.pack("<HH", len(content), len(content) ^ 0xFFFF) + content


def deflated_zeros(runs: int) -> tuple[bytes, int]:
    """Deflate data for one zero and `runs` repetitions of 258 more, and how many zeros these are."""
    bits = "1" + "10" + "00110000" + ("11000101" + "00000") * runs + "0000000"
    bits += "0" * (-len(bits) % 8)
    packed = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
    return packed, 1 + 258 * runs


def descriptor(content: bytes, packed_size: int, *, wide: bool = False, signed: bool = True) -> bytes:
    """What follows the bytes of an entry whose size was not known when its header was written."""
    sizes = struct.pack("<QQ" if wide else "<LL", packed_size, len(content))
    return (b"PK\x07\x08" if signed else b"") + struct.pack("<L", zlib.crc32(content)) + sizes


def extra_field(kind: int, content: bytes) -> bytes:
    """One extra field of a header."""
    return struct.pack("<HH", kind, len(content)) + content


def unicode_path(raw: bytes, name: str) -> bytes:
    """The extra field that gives an entry's name in UTF-8."""
    return extra_field(0x7075, b"\x01" + struct.pack("<L", zlib.crc32(raw)) + name.encode())
