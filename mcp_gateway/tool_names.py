"""Names of the search tools. They cannot collide with skills, whose names have no underscores. Pure."""

from __future__ import annotations

SEARCH_SKILLS = "search_skills"
LOAD_SKILL = "load_skill"
READ_SKILL_FILE = "read_skill_file"
SEARCH_TOOLS = (SEARCH_SKILLS, LOAD_SKILL, READ_SKILL_FILE)
SKILL_ARGUMENT = "skill"
"""The argument of `load_skill` and `read_skill_file` that names the skill."""
