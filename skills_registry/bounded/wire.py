"""Messages between the server and its workers: length-prefixed MessagePack. Pure.

Messages carry plain data only. A worker compromised by what it reads can send wrong data, but no code.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import IO, Any, Literal, get_type_hints

import msgspec

MESSAGE_MAX = 128 * 1024 * 1024
"""Most bytes of one message; more than any package and its report."""
_LENGTH = 8


class BrokenMessage(Exception):
    """The other side ended in the middle of a message, or sent an invalid one."""


class Job(msgspec.Struct):
    """A function (`module:name`) and its limits; its arguments follow in a message of their own."""

    function: str
    cpu_seconds: float
    memory_bytes: int


class Answer(msgspec.Struct):
    """How a job ended; if `leaves`, the worker exits after it."""

    outcome: Literal["done", "failed", "memory"]
    leaves: bool = False
    detail: str = ""


def send(stream: IO[bytes], payload: bytes) -> None:
    """Write one message."""
    stream.write(len(payload).to_bytes(_LENGTH, "big"))
    stream.write(payload)


def receive(stream: IO[bytes]) -> bytes | None:
    """Read one message; None at the end of the stream. Raises BrokenMessage."""
    head = stream.read(_LENGTH)
    if not head:
        return None
    length = int.from_bytes(head, "big")
    if len(head) < _LENGTH or length > MESSAGE_MAX:
        raise BrokenMessage
    payload = stream.read(length)
    if len(payload) < length:
        raise BrokenMessage
    return payload


def encode(value: Any) -> bytes:
    """Encode plain data, dataclasses of it, and ranges."""
    return msgspec.msgpack.encode(value, enc_hook=_encode_hook)


def decode_arguments(function: Callable[..., Any], payload: bytes) -> list[Any]:
    """Decode a call's arguments into the types that the function declares."""
    given = msgspec.msgpack.decode(payload, type=list[msgspec.Raw])
    hints = [kind for name, kind in _hints(function).items() if name != "return"]
    return [_decoder(kind).decode(value) for kind, value in zip(hints, given, strict=True)]


def decode_result(function: Callable[..., Any], payload: bytes) -> Any:
    """Decode a call's result into the type that the function declares. Raises BrokenMessage."""
    try:
        return _decoder(_hints(function)["return"]).decode(payload)
    except msgspec.MsgspecError as error:
        raise BrokenMessage from error


def function_path(function: Callable[..., Any]) -> str:
    """The function's name for another process, `module:name`."""
    return f"{function.__module__}:{function.__qualname__}"


def import_function(name: str) -> Callable[..., Any]:
    """Import a function by `function_path`."""
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


@cache
def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(function)


@cache
def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(kind, dec_hook=_decode_hook)


def _encode_hook(value: Any) -> Any:
    if isinstance(value, range):
        return value.start, value.stop
    raise NotImplementedError(f"{type(value).__name__} is not plain data")


def _decode_hook(kind: type[Any], value: Any) -> Any:
    if kind is range:
        return range(*value)
    raise NotImplementedError(f"{kind.__name__} is not plain data")
