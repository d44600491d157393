"""A real server, and requests of people and agents about the most expensive packages possible.

`test_budgets` measures what each request costs, `benchmarks/worst_packages.py` how it delays others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from .packages import skill_md, zip_of
from .prepared import OPERATOR, OPERATORS_PASSWORD
from .process_tree import ProcessTree, Use
from .server import UVICORN, Server
from .worst_packages import MARKDOWN, chinese, packages, with_markdown

EDITED_MAX = 1_500_000
CALLERS_TEXTS: dict[str, Any] = {
    "quotes": {"arguments": "'" * 1_000_000},
    "words": {"arguments": "a " * 500_000},
    "unknown arguments": {str(number): "" for number in range(80_000)},
    "as many arguments as are read": {str(number): "" for number in range(19_000)},
    "nested": {"arguments": [[[]]] * 100_000},
    "nested as often as is read": {"arguments": [[[]]] * 9_900},
}
ADMIN = "/admin/skills_registry/skill/"
SKILL = f"{ADMIN}2/"


class World:
    """A server, a superuser's client, and the measured cost of its requests."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.tree = ProcessTree(server.process.pid)
        self.client = httpx.Client(base_url=server.url, timeout=120, headers={"referer": server.url})
        self.costs: dict[str, Use] = {}
        page = self.client.get("/admin/login/").text
        token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        login = {"username": OPERATOR, "password": OPERATORS_PASSWORD, "csrfmiddlewaretoken": token}
        assert self.client.post("/admin/login/?next=/healthz", data=login).status_code == 302
        self.headers = {"x-csrftoken": self.client.cookies["csrftoken"]}

    def ask(self, what: str, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request and measure its cost."""
        options["headers"] = {**self.headers, **options.get("headers", {})}
        with self.tree.use() as use:
            answer = self.client.request(method, path, **options)
        self.costs[what] = use
        assert answer.status_code < 500, (what, answer.status_code, answer.text[-2000:])
        return answer

    def call(self, what: str, method: str, params: Mapping[str, Any]) -> httpx.Response:
        """Call the gateway and measure its cost."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self.ask(what, "POST", "/mcp", json=body, headers={"accept": "application/json, text/event-stream"})

    def upload(self, what: str, data: bytes) -> dict[str, Any]:
        """Create a version through the API and publish it."""
        files = {"file": ("worst.zip", data, "application/zip")}
        answer: dict[str, Any] = self.ask(
            f"{what}: upload", "POST", "/api/v1/skills/", files=files, data={"publish": "true"}
        ).json()
        return answer


@contextmanager
def serving(data: Path) -> Iterator[World]:
    """Run a server on a copy of `Prepared.operated` with one skill `greeter`."""
    with Server(UVICORN, data, MCP_REQUIRE_AUTH="false", MCP_SKILL_TOOLS="auto") as server:
        world = World(server)
        with closing(world.client):
            world.upload("greeter", zip_of({"SKILL.md": skill_md("greeter")}))
            # Exclude the cost of a first request from the measurements.
            world.client.get(f"{ADMIN}1/change/")
            inspect_upload(world, "greeter", {"SKILL.md": skill_md("greeter")})
            world.costs.clear()
            yield world


def inspect_upload(world: World, what: str, files: Mapping[str, str | bytes]) -> str:
    """Upload a package and open its inspection page; return the page's URL."""
    form = {"file": ("worst.zip", zip_of(files), "application/zip")}
    staged = world.ask(f"{what}: stage", "POST", f"{ADMIN}upload/", files=form)
    world.ask(f"{what}: review", "GET", staged.headers["location"])
    return staged.headers["location"]


def use_package(world: World, what: str, files: Mapping[str, str | bytes]) -> None:
    """Do everything else that people and agents do with a package."""
    made = world.upload(what, zip_of(files))
    if "version" not in made:
        assert made["errors"], made
        return
    number = made["version"]
    version = f"{SKILL}versions/{number}/"
    world.ask(f"{what}: compare", "GET", f"{SKILL}compare/?from={number - 1}&to={number}&view=split")
    world.ask(f"{what}: compare all", "GET", f"{SKILL}compare/?from=1&to={number}&file=SKILL.md&large&open=all")
    if len(files["SKILL.md"]) < EDITED_MAX:
        world.ask(f"{what}: skill", "GET", f"{SKILL}change/")
        world.ask(f"{what}: edit", "GET", f"{version}edit/")
        edits = {"edits": {"SKILL.md": {"text": files["SKILL.md"]}}, "path": "SKILL.md"}
        world.ask(f"{what}: check", "POST", f"{version}edit/check/", json=edits)
    tried = {"method": "tools/call", "era": "2026-07-28", "how": "json", "json": "{}"}
    world.ask(f"{what}: try", "POST", f"{SKILL}try/?version={number}", data=tried)
    for path in [path for path in files if not path.startswith("more/")]:
        world.ask(f"{what}: {path}", "GET", f"{SKILL}files/{number}/{path}?raw")
        world.call(f"{what}: read {path}", "resources/read", {"uri": f"skill://worst/{path}"})
    world.call(f"{what}: call", "tools/call", {"name": "worst", "arguments": {"arguments": "a 'b' c"}})
    world.call(
        f"{what}: search", "tools/call", {"name": "search_skills", "arguments": {"query": "abcd efghijkl " * 40}}
    )
    asked = {"ref": {"type": "ref/prompt", "name": "worst"}, "argument": {"name": "arguments", "value": "[ " * 1000}}
    world.call(f"{what}: complete", "completion/complete", asked)


def ask_all(world: World) -> None:
    """Send all requests for each of the worst packages."""
    for what, files in packages():
        inspect_upload(world, what, files)
        use_package(world, what, files)
    world.ask("export", "GET", f"{SKILL}versions/1/zip/")
    for what, text in MARKDOWN.items():
        inspect_upload(world, f"Markdown: {what}", with_markdown(text))


def ask_with_large_arguments(world: World) -> None:
    """Call with very large arguments."""
    world.upload("greedy", zip_of({"SKILL.md": skill_md("greedy", "$ARGUMENTS\n" * 500)}))
    answer = world.call("greedy", "tools/call", {"name": "greedy", "arguments": {"arguments": "x" * 500_000}})
    assert answer.json()["result"]["isError"] is True
    for what, arguments in CALLERS_TEXTS.items():
        world.call(what, "tools/call", {"name": "greedy", "arguments": arguments})


def inspect_at_once(world: World, count: int) -> list[int]:
    """Open `count` inspection pages concurrently; return their statuses."""
    reviews = [inspect_upload(world, "Chinese", chinese()) for _ in range(count)]
    cookies = dict(world.client.cookies)
    with ThreadPoolExecutor(count) as threads:
        answers = threads.map(lambda url: httpx.get(world.server.url + url, cookies=cookies, timeout=120), reviews)
        return [answer.status_code for answer in answers]
