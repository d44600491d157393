"""search_skills, load_skill, read_skill_file: replace one tool per skill if those would be too many.

read_skill_file is also listed next to the skills' tools if any skill has more files than its SKILL.md, because many
clients support only tools and could not read the files otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import nsmallest
from typing import Any

from mcp_gateway.cached_settings import settings
from mcp_gateway.call import Call, Method
from mcp_gateway.catalog import Snapshot
from mcp_gateway.serving.invocable import FULL_TEXT, UNKNOWN_LISTED_MAX, BadArgument, description, is_tool, title
from mcp_gateway.serving.skill_index import search_pool, skill_index
from mcp_gateway.tool_names import LOAD_SKILL, READ_SKILL_FILE, SEARCH_SKILLS, SKILL_ARGUMENT
from mcp_gateway.wire.uris import file_uri
from skills_registry.catalog import EVERYBODY, Audience, PublishedSkill

from .resources import contents_of
from .skill_tools import call_skill, text_content

RESULTS_DEFAULT, RESULTS_MAX = 10, 50
"""How many skills a search returns: by default, and at most."""
FILES_LISTED_MAX = 50
_IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
_READ_ONLY = {"readOnlyHint": True, "openWorldHint": False}
_SKILL = {"type": "string", "description": "The skill's name."}

FILE_READER: dict[str, Any] = {
    "name": READ_SKILL_FILE,
    "title": "Read a file of a skill",
    "description": "Gets a file that a skill's instructions mention, such as a script or a reference.",
    "inputSchema": {
        "type": "object",
        "properties": {
            SKILL_ARGUMENT: _SKILL,
            "path": {"type": "string", "description": "The file's path in the skill: references/forms.md"},
        },
        "required": [SKILL_ARGUMENT, "path"],
        "additionalProperties": False,
    },
    "annotations": _READ_ONLY,
}
DEFINITIONS: tuple[dict[str, Any], ...] = (
    {
        "name": SEARCH_SKILLS,
        "title": "Search skills",
        "description": (
            "Finds skills: instructions, scripts and references for particular kinds of work. Search before you begin "
            f"any task that a skill might cover, then call {LOAD_SKILL} with the name of the one that fits."
        ),
        "inputSchema": {
            "type": "object",
            "properties": {
                "query": {
                    "type": "string",
                    "description": "Words for the task at hand. Without any, skills are listed by name.",
                },
                "limit": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": RESULTS_MAX,
                    "description": f"How many skills to return; {RESULTS_DEFAULT} by default.",
                },
            },
            "additionalProperties": False,
        },
        "outputSchema": {
            "type": "object",
            "properties": {
                "skills": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {key: {"type": "string"} for key in ("name", "title", "description")},
                        "required": ["name", "title", "description"],
                    },
                }
            },
            "required": ["skills"],
        },
        "annotations": _READ_ONLY,
    },
    {
        "name": LOAD_SKILL,
        "title": "Load a skill",
        "description": "Gets a skill's instructions, and the names of its files. Follow the instructions.",
        "inputSchema": {
            "type": "object",
            "properties": {
                SKILL_ARGUMENT: _SKILL,
                FULL_TEXT: {
                    "type": "string",
                    "description": "What to apply the skill to, or its arguments as a user would type them.",
                },
            },
            "required": [SKILL_ARGUMENT],
            "additionalProperties": False,
        },
        "annotations": _READ_ONLY,
    },
    FILE_READER,
)


def are_search_tools_listed(snapshot: Snapshot, audience: Audience = EVERYBODY) -> bool:
    """Return whether the search tools replace the skills' tools for an audience (`MCP_SKILL_TOOLS`)."""
    most = settings.MCP_MAX_SKILL_TOOLS
    if settings.MCP_SKILL_TOOLS != "auto":
        return bool(settings.MCP_SKILL_TOOLS == "search")
    count = snapshot.get_or_build("tool count", lambda: len(_tools(snapshot, EVERYBODY)))
    if audience.restricted and count > most:
        count = len(_tools(snapshot, audience))
    return count > most


def is_file_reader_listed(snapshot: Snapshot, audience: Audience = EVERYBODY) -> bool:
    """Return whether read_skill_file is listed next to the skills' tools: if any has files besides SKILL.md."""
    with_files = snapshot.get_or_build(
        "tools with files", lambda: [one for one in _tools(snapshot, EVERYBODY) if len(one.files) > 1]
    )
    return any(audience.includes(skill.name, skill.tags) for skill in with_files)


def _tools(snapshot: Snapshot, audience: Audience) -> list[PublishedSkill]:
    skills = snapshot.skills.values()
    return [skill for skill in skills if is_tool(skill) and audience.includes(skill.name, skill.tags)]


def find(name: str) -> Method | None:
    """Return the search tool with this name. They also work unlisted, because clients may have an older list."""
    searchable = settings.MCP_SKILL_TOOLS != "each"
    return _TOOLS.get(name) if searchable or name == READ_SKILL_FILE else None


async def search_skills(call: Call) -> dict[str, Any]:
    """Return name, title and description of the best matches; without a query, all skills by name."""
    given = _checked_arguments(call, query=str, limit=int)
    limit = given.get("limit", RESULTS_DEFAULT)
    if not 1 <= limit <= RESULTS_MAX:
        raise BadArgument(f"limit must be from 1 to {RESULTS_MAX}.")
    names = await _names(call, given.get("query", "").strip(), limit)
    skills = [
        {"name": skill.name, "title": title(skill), "description": description(skill)}
        for skill in map(call.snapshot.skills.__getitem__, names)
    ]
    found = "\n\n".join(f"{skill['name']}: {skill['description']}" for skill in skills)
    return {
        "content": [text_content(found or "No skill fits. Try other words, or fewer.")],
        "structuredContent": {"skills": skills},
        "isError": False,
    }


async def load_skill(call: Call) -> dict[str, Any]:
    """Return the same result as the skill's own tool."""
    given = _checked_arguments(call, SKILL_ARGUMENT, **{SKILL_ARGUMENT: str, FULL_TEXT: str})
    skill = _skill(call, given[SKILL_ARGUMENT])
    arguments = {key: value for key, value in given.items() if key == FULL_TEXT}
    return await call_skill(call._replace(params={**call.params, "arguments": arguments}), skill)


async def read_skill_file(call: Call) -> dict[str, Any]:
    """Return one file as text, image or embedded resource."""
    given = _checked_arguments(call, SKILL_ARGUMENT, "path", **{SKILL_ARGUMENT: str, "path": str})
    skill = _skill(call, given[SKILL_ARGUMENT])
    path = given["path"].removeprefix("./")
    found = call.snapshot.file_at(file_uri(skill.name, path))
    if found is None:
        names = ", ".join(file.path for file in skill.files[:FILES_LISTED_MAX])
        more = ", ..." if len(skill.files) > FILES_LISTED_MAX else ""
        raise BadArgument(f"{skill.name} has no file {path:.200}. Its files: {names}{more}")
    return {"content": [_content_item(await contents_of(call, *found))], "isError": False}


_TOOLS: dict[str, Method] = {
    SEARCH_SKILLS: search_skills,
    LOAD_SKILL: load_skill,
    READ_SKILL_FILE: read_skill_file,
}


def _content_item(contents: dict[str, Any]) -> dict[str, Any]:
    """Convert resource contents to a content item of a tool result."""
    if "text" in contents:
        return text_content(contents["text"])
    if contents["mimeType"] in _IMAGES:
        return {"type": "image", "data": contents["blob"], "mimeType": contents["mimeType"]}
    return {"type": "resource", "resource": contents}


async def _names(call: Call, query: str, limit: int) -> list[str]:
    if query:
        index = await skill_index(call.snapshot, call.catalog)
        return await search_pool.run(index.search, query, limit)
    return [name for name, skill in call.snapshot.skills.items() if is_tool(skill)][:limit]


def _skill(call: Call, name: str) -> PublishedSkill:
    skill = call.snapshot.skills.get(name)
    if skill is None or not is_tool(skill):
        remedy = f" Use {SEARCH_SKILLS} to find skills." if find(SEARCH_SKILLS) else ""
        raise BadArgument(f"There is no skill {name:.100}.{remedy}")
    return skill


def _checked_arguments(call: Call, *required: str, **types: type) -> Mapping[str, Any]:
    """Return the call's arguments. Raises BadArgument for an unknown, missing or mistyped one."""
    given = call.arguments()
    if unknown := nsmallest(UNKNOWN_LISTED_MAX, set(given) - set(types)):
        raise BadArgument(f"Unknown argument {', '.join(unknown):.200}; this tool takes: {', '.join(types)}.")
    if missing := [name for name in required if name not in given]:
        raise BadArgument(f"Missing argument: {', '.join(missing)}.")
    for name, value in given.items():
        if not isinstance(value, types[name]) or isinstance(value, bool):
            raise BadArgument(f"Argument {name} must be {'a string' if types[name] is str else 'a whole number'}.")
    return given
