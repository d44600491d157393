"""What the tools are called that stand in for one tool a skill. Pure; no skill can have a name with an underscore."""

from __future__ import annotations

SEARCH_SKILLS = "search_skills"
LOAD_SKILL = "load_skill"
READ_SKILL_FILE = "read_skill_file"
SEARCH_TOOLS = (SEARCH_SKILLS, LOAD_SKILL, READ_SKILL_FILE)
SKILL_ARGUMENT = "skill"
"""The argument by which the last two name the skill."""
