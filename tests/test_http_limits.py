"""What real servers do with requests that are too large, too slow or not HTTP, sent byte by byte over a socket."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator

import pytest

from .support.prepared import Prepared
from .support.server import QUICKSTART, UVICORN, Server

HEAD_SECONDS, BODY_SECONDS, KEEP_ALIVE_SECONDS = 2, 2, 3
PATIENCE_SECONDS = 60.0
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module", params=[UVICORN, QUICKSTART], ids=["uvicorn", "daphne"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, prepared: Prepared
) -> Iterator[Server]:
    """One of the servers, with short times."""
    data = shutil.copytree(prepared.empty, tmp_path_factory.mktemp("limits") / "data")
    times = {
        "HTTP_HEAD_SECONDS": str(HEAD_SECONDS),
        "HTTP_BODY_SECONDS": str(BODY_SECONDS),
        "HTTP_KEEP_ALIVE_SECONDS": str(KEEP_ALIVE_SECONDS),
    }
    with Server(request.param, data, MCP_REQUIRE_AUTH="false", HTTP_MAX_CONNECTIONS="50", **times) as running:
        yield running
        assert "Traceback" not in running.output
        assert "Unhandled" not in running.output


class Client:
    """One connection, used as no library would."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, server: Server) -> Client:
        return cls(*await asyncio.open_connection("127.0.0.1", server.port))

    async def send(self, data: bytes) -> None:
        """Send as much of it as the server takes."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError:
            pass

    async def drip(self, data: bytes, seconds: float = 0.2) -> bytes:
        """Send a byte again and again until the server has had enough; what it says then."""
        saying = asyncio.create_task(self.rest())
        while not (await asyncio.wait({saying}, timeout=seconds))[0]:
            await self.send(data)
        return saying.result()

    async def answer(self) -> bytes:
        """The head of an answer and its body, by its length."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            return head + await self._reader.readexactly(int(length.partition(b":")[2]))

    async def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._reader.read()

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            pass


async def asked(server: Server, data: bytes) -> bytes:
    """What a server answers to some bytes until it closes the connection."""
    client = await Client.connect(server)
    await client.send(data)
    answer = await client.rest()
    await client.close()
    return answer


def status(answer: bytes) -> int:
    """The status of the first answer."""
    return int(answer.split(b" ", 2)[1])


async def works(server: Server) -> bool:
    """Whether an ordinary request is answered."""
    body = b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(PING), PING)
    return status(await asked(server, POST + body)) == 200


# How large


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (GET + b"X-Big: " + b"x" * 30_000 + b"\r\nConnection: close\r\n\r\n", 200),
        (GET + b"X: 1\r\n" * 90 + b"Connection: close\r\n\r\n", 200),
        (GET + b"X-Big: " + b"x" * 40_000 + b"\r\n\r\n", 431),
        (GET + b"X-Big: " + b"x" * 40 * 1024 * 1024, 431),
        (GET + (b"X-Big: " + b"x" * 30_000 + b"\r\n") * 3 + b"\r\n", 431),
        (GET + (b"X-Big: " + b"x" * 30_000 + b"\r\n") * 300, 431),
        (GET + b"X: 1\r\n" * 150 + b"\r\n", 431),
        (GET + b"X: 1\r\n" * 100_000, 431),
        (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
        (b"GET /" + b"x" * 1024 * 1024, 414),
        (b"x" * 1024 * 1024, 400),
        (GET + b"X" * 1024 * 1024, 431),
    ],
    ids=[
        "large", "many", "too large", "40 MiB", "large together", "without an end", "too many", "many without an end",
        "long address", "address of 1 MiB", "no method", "name of 1 MiB",
    ],
)  # fmt: skip
async def test_head_that_is_too_large_is_refused_and_ends_the_connection(
    server: Server, head: bytes, expected: int
) -> None:
    answer = await asked(server, head)

    assert status(answer) in ((400, 414) if expected == 400 else (expected,))
    assert b"connection: close" in answer.lower()
    assert answer.count(b"HTTP/1.1 ") == 1
    assert await works(server)


async def test_second_request_of_a_connection_has_the_same_limits(server: Server) -> None:
    whole = POST + b"Content-Length: %d\r\n\r\n" % len(PING) + PING

    alone = await asked(server, whole + GET + b"X-Big: " + b"x" * 40_000 + b"\r\n\r\n")
    client = await Client.connect(server)
    await client.send(whole)
    first = await client.answer()
    await client.send(GET + b"X: 1\r\n" * 150 + b"\r\n")
    second = await client.rest()
    await client.close()

    assert (status(first), status(second)) == (200, 431)
    assert b"HTTP/1.1 200 OK\r\ncontent-type: text/plain" not in alone


async def test_body_that_is_too_large_is_refused(server: Server) -> None:
    announced = await asked(server, POST.replace(b"/mcp", b"/api/v1/skills/") + b"Content-Length: 99999999999\r\n\r\nx")

    assert status(announced) in (401, 413)


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\n", b"-1\r\n\r\n", b"5\r\nabcdefgh\r\n0\r\n\r\n", b"1" * 40 + b"\r\n",
        b"1;" + b"x" * 1024 * 1024, b"0\r\nX: " + b"x" * 1024 * 1024, b"1\r\nx\r\n" * 100_000,
    ],
    ids=["no number", "negative", "too long", "many digits", "long extension", "long trailer", "tiny chunks"],
)  # fmt: skip
async def test_chunks_that_are_none_are_refused(server: Server, chunks: bytes) -> None:
    answer = await asked(server, POST + CHUNKED + chunks)

    # Tiny chunks are legal; what they carry is no JSON.
    assert status(answer) in (400, 408)
    assert await works(server)


@pytest.mark.parametrize(
    "head",
    [
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        POST + b"Content-Length: -5\r\n\r\n",
        POST + b"Content-Length: 5x\r\n\r\n",
        POST + b"Transfer-Encoding: nonsense\r\n\r\n",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        GET + b"X : 1\r\n\r\n",
        GET + b"no colon\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
    ids=[
        "both", "both the other way", "two lengths", "negative", "no number", "unknown coding", "two codings", "space",
        "no colon", "only a method", "TLS",
    ],
)  # fmt: skip
async def test_what_two_readers_could_take_differently_is_refused(server: Server, head: bytes) -> None:
    answer = await asked(server, head)

    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1
    assert await works(server)


@pytest.mark.parametrize("path", [b"/mcp", b"/api/v1/skills/"])
@pytest.mark.parametrize("length", [b"9" * 5000, b"0" * 5000 + b"5"], ids=["nines", "zeros"])
async def test_length_of_any_digits_is_answered(server: Server, path: bytes, length: bytes) -> None:
    close = b"Connection: close\r\n\r\nhello"
    answer = await asked(server, POST.replace(b"/mcp", path) + b"Content-Length: " + length + b"\r\n" + close)

    assert status(answer) in (400, 401, 413)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert await works(server)


async def test_fields_after_a_body_are_no_headers(server: Server) -> None:
    whole = b"%x\r\n%s\r\n0\r\nAuthorization: Bearer none\r\nHost: evil.example\r\n\r\n" % (len(PING), PING)
    answer = await asked(server, POST + b"Connection: close\r\n" + CHUNKED + whole)

    assert status(answer) == 200


# How slow


async def waited(server: Server, begun: bytes, dripped: bytes = b"") -> tuple[bytes, float]:
    """What a server answers to half a request, and after how long; with some bytes sent again and again."""
    client, began = await Client.connect(server), time.monotonic()
    await client.send(begun)
    answer = await client.drip(dripped) if dripped else await client.rest()
    took = time.monotonic() - began
    await client.close()
    return answer, took


@pytest.mark.parametrize("dripped", [b"", b"a"], ids=["silent", "dripping"])
async def test_half_a_head_is_waited_for_no_longer_than_the_setting_says(server: Server, dripped: bytes) -> None:
    begun = [b"G", GET, GET + b"X: ", POST + b"Content-Length: 1000\r\n", b"\r\n"]

    for answer, took in await asyncio.gather(*(waited(server, part, dripped) for part in begun)):
        assert status(answer) in ((400, 408) if dripped else (408,))
        assert took < HEAD_SECONDS + 4


async def test_connection_that_nobody_uses_is_closed_without_a_word(server: Server) -> None:
    answer, took = await waited(server, b"")

    assert answer == b""
    assert took < HEAD_SECONDS + 4


async def test_blank_lines_before_a_request_gain_no_time(server: Server) -> None:
    ping = POST + b"Content-Length: %d\r\n\r\n" % len(PING) + PING

    for answer, took in await asyncio.gather(waited(server, b"", b"\r\n"), waited(server, ping, b"\r\n")):
        assert status(answer) in (200, 400, 408)
        assert took < HEAD_SECONDS + KEEP_ALIVE_SECONDS + 4


@pytest.mark.parametrize("path", [b"/mcp", b"/api/v1/skills/"])
async def test_half_a_body_is_waited_for_no_longer_than_the_setting_says(server: Server, path: bytes) -> None:
    begun = POST.replace(b"/mcp", path)
    length = begun + b"Content-Length: 100000\r\n\r\n"
    halves = [(length, b""), (length, b"a"), (begun + CHUNKED, b""), (begun + CHUNKED, b"1\r\na\r\n")]

    for answer, took in await asyncio.gather(*(waited(server, *half) for half in halves)):
        # Who refuses a request without its body has answered already.
        assert status(answer) in ((408,) if path == b"/mcp" else (401, 408))
        assert took < BODY_SECONDS + KEEP_ALIVE_SECONDS + 4


async def test_body_that_comes_slowly_and_steadily_is_taken(server: Server) -> None:
    padded = PING + b" " * 20_000
    client = await Client.connect(server)
    await client.send(POST + b"Content-Length: %d\r\n\r\n" % len(padded))
    for start in range(0, len(padded), 4_000):
        await client.send(padded[start : start + 4_000])
        await asyncio.sleep(0.6)  # what is tested is time itself: longer together than HTTP_BODY_SECONDS
    answer = await client.answer()
    await client.close()

    assert status(answer) == 200


async def test_connection_is_kept_for_a_next_request_and_not_for_ever(server: Server) -> None:
    client = await Client.connect(server)
    for _ in range(3):
        await client.send(POST + b"Content-Length: %d\r\n\r\n" % len(PING) + PING)
        assert status(await client.answer()) == 200
    began = time.monotonic()

    assert await client.rest() == b""
    assert time.monotonic() - began < KEEP_ALIVE_SECONDS + 5
    await client.close()


async def test_requests_sent_at_once_are_answered_in_their_order(server: Server) -> None:
    pings = [PING.replace(b"1", b"%d" % number, 2).replace(b"%d.0" % number, b"2.0") for number in (3, 4, 5)]
    client = await Client.connect(server)
    await client.send(b"".join(POST + b"Content-Length: %d\r\n\r\n" % len(ping) + ping for ping in pings))
    answers = [await client.answer() for _ in pings]
    await client.close()

    assert [status(answer) for answer in answers] == [200] * 3


async def test_target_may_be_a_whole_address(server: Server) -> None:
    head = POST.replace(b" /mcp ", b" HTTP://localhost/mcp ")
    client = await Client.connect(server)
    await client.send(head + b"Content-Length: %d\r\n\r\n" % len(PING) + PING)

    assert status(await client.answer()) == 200
    await client.close()


# How many


async def test_more_connections_than_there_may_be_are_refused_and_others_go_on(server: Server) -> None:
    held = [await Client.connect(server) for _ in range(50)]
    for client in held:
        await client.send(b"G")

    refused = await asked(server, GET + b"\r\n")
    await held[0].send(GET[1:] + b"Connection: close\r\n\r\n")
    served = await held[0].rest()
    for client in held:
        await client.close()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while status(await asked(server, GET + b"Connection: close\r\n\r\n")) == 503:
            pass

    assert (status(refused), status(served)) == (503, 200)
    assert await works(server)
