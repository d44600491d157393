"""The "Try it" page: call a skill as an agent would, without an MCP client."""
