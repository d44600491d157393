"""FastMCP 4 with the skills below $SKILLS, as its documentation serves them; stateless, plain JSON answers.

Files and the Skills extension come from its `SkillsDirectoryProvider`. Clients that only support tools use its
`ResourcesAsTools`, so `tools/call` is its tool `read_resource`; a function for each skill makes `tools/list`
as long as the other servers'.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from fastmcp import FastMCP
from fastmcp.server.transforms import ResourcesAsTools
from fastmcp.skills import Skill
from fastmcp.skills.provider import SkillsDirectoryProvider
from fastmcp.tools import Tool

folder = Path(os.environ["SKILLS"])
server: FastMCP = FastMCP("Skills", providers=[SkillsDirectoryProvider(roots=[folder])])


def _tool(skill: Skill) -> Callable[[str], str]:
    text: str = skill.files["SKILL.md"].decode()

    def call(arguments: str = "") -> str:
        return text

    return call


for path in sorted(folder.iterdir()):
    skill = Skill.from_directory(path)
    server.add_tool(Tool.from_function(_tool(skill), name=skill.name, description=skill.description))
server.add_transform(ResourcesAsTools(server))
app = server.http_app(path="/mcp", json_response=True, stateless_http=True)
