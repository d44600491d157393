"""A client of the API, over HTTP and with a token, as scripts use it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mcp_gateway.auth import create_token


class Api:
    """A client with a new token of a user; `options` are those of `create_token`. Paths are below /api/v1/."""

    def __init__(self, user: User, **options: Any) -> None:
        _, text = create_token(user, "tests", **options)
        self.client = Client(headers={"authorization": f"Bearer {text}"})

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1/{path}", query)

    def post(self, path: str, body: Any = None, **fields: Any) -> Any:
        """Send a JSON body: `body`, or an object with these fields."""
        return self.client.post(f"/api/v1/{path}", fields if body is None else body, "application/json")

    def put(self, path: str, **fields: Any) -> Any:
        """Send a JSON object with these fields."""
        return self.client.put(f"/api/v1/{path}", fields, "application/json")

    def upload(self, content: bytes, path: str = "skills/", **fields: Any) -> Any:
        """Send a multipart form with a zip."""
        return self.client.post(f"/api/v1/{path}", {"file": SimpleUploadedFile("skill.zip", content), **fields})

    def pages(self, path: str, **query: Any) -> list[list[Any]]:
        """Return the results of each page of a list."""
        answer = self.get(path, **query).json()
        pages = [answer["results"]]
        while answer["next"]:
            answer = self.client.get(answer["next"]).json()
            pages.append(answer["results"])
        return pages
