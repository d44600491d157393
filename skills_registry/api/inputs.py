"""What the API takes: bodies and query parameters."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.status import HTTP_413_REQUEST_ENTITY_TOO_LARGE

from invocations.pages.cursors import decode_cursor
from invocations.queries import DAYS_KEPT, Position
from skills_registry.models import NOTE_MAX, AuditEvent, Skill
from skills_registry.packages.manifest_fields import NAME_MAX

Input = serializers.Serializer[Any]


class TooLarge(APIException):
    """The upload has more bytes than any package may have."""

    status_code = HTTP_413_REQUEST_ENTITY_TOO_LARGE


class ZipField(serializers.FileField):
    """An uploaded zip, refused before it is read where it is larger than any may be."""

    def __init__(self) -> None:
        # An empty one is refused like any other file that is no zip, with the same kind of report.
        super().__init__(allow_empty_file=True)

    def to_internal_value(self, data: Any) -> Any:
        """The file. Raises TooLarge."""
        file = super().to_internal_value(data)
        limit: int = settings.SKILL_MAX_ARCHIVE_BYTES
        if file.size > limit:
            raise TooLarge(f"The file has {file.size:,} bytes; at most {limit:,} are allowed.")
        return file


class PositionField(serializers.Field[Any, str, Any, Any]):
    """Where a page of calls ended: moment and id of its last call, as `encode_cursor` writes them."""

    default_error_messages = {"invalid": "This is no cursor of this list."}

    def to_internal_value(self, data: str) -> Position:
        """The position."""
        try:
            return decode_cursor(data)
        except ValueError:
            self.fail("invalid")


def _text(limit: int) -> serializers.CharField:
    return serializers.CharField(required=False, default="", allow_blank=True, max_length=limit)


class ValidateInput(Input):
    """A zip to be judged."""

    file = ZipField()


class UploadInput(Input):
    """A zip, and what to do with it."""

    file = ZipField()
    note = _text(NOTE_MAX)
    publish = serializers.BooleanField(required=False, default=False)


class ChangeInput(Input):
    """Why, and what the caller believes to be live (`expected_live`: a number, or null for none)."""

    reason = _text(NOTE_MAX)
    expected_live = serializers.IntegerField(required=False, allow_null=True, min_value=1)


class PublishInput(ChangeInput):
    """The version to make live."""

    version = serializers.IntegerField(min_value=1)


class RollbackInput(ChangeInput):
    """A version to go back to; without one, the version that was live before."""

    version = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)


class ReasonInput(Input):
    """Why."""

    reason = _text(NOTE_MAX)


class CommentInput(Input):
    """What is said of a version."""

    comment = _text(NOTE_MAX)


class TagsInput(ReasonInput):
    """All tags that a skill is to have."""

    tags = serializers.ListField(child=serializers.CharField(max_length=200), max_length=200)


class OwnerInput(ReasonInput):
    """Who is to own a skill, by user name; null for nobody."""

    owner = serializers.CharField(allow_null=True, max_length=150)

    def validate_owner(self, name: str | None) -> User | None:
        """The active user of this name."""
        owner = User.objects.filter(username=name, is_active=True).first()
        if name is not None and owner is None:
            raise serializers.ValidationError("There is no active user of this name.")
        return owner


class DeleteInput(ChangeInput):
    """Whether a live skill is to be deactivated, which deleting it takes."""

    deactivate = serializers.BooleanField(required=False, default=False)


class ContentField(serializers.Field[bytes, Any, Any, Any]):
    """What a file is to hold: a text, or {"base64": "..."} for other bytes."""

    default_error_messages = {
        "kind": 'A text is expected, or {{"base64": "..."}}, or null.',
        "text": "This text cannot be written in UTF-8.",
        "base64": "This is no base64.",
    }

    def to_internal_value(self, data: Any) -> bytes:
        """The bytes."""
        if isinstance(data, str):
            try:
                return data.encode()
            except UnicodeEncodeError:
                self.fail("text")
        if not isinstance(data, dict) or list(data) != ["base64"] or not isinstance(data["base64"], str):
            self.fail("kind")
        try:
            return b64decode(data["base64"], validate=True)
        except ValueError:
            self.fail("base64")


class EditInput(Input):
    """What is to become of files by path (null: removed), and the newest version when the editing began."""

    changes = serializers.DictField(child=ContentField(allow_null=True), allow_empty=False)
    expected_latest = serializers.IntegerField(min_value=1)
    note = _text(NOTE_MAX)


class PageQuery(Input):
    """How much of a list to show, and after what: `cursor` comes from the `next` of the page before."""

    limit = serializers.IntegerField(required=False, default=100, min_value=1, max_value=500)


class SkillsQuery(PageQuery):
    """Which skills to show; the cursor is a name."""

    status = serializers.ChoiceField(Skill.Status.choices, required=False, default="")
    tag = serializers.CharField(required=False, default="", max_length=200)
    cursor = serializers.CharField(required=False, default="", max_length=NAME_MAX)


class HistoryQuery(PageQuery):
    """Which versions, publications, reviews or events to show; the cursor is a number, as they are counted."""

    cursor = serializers.IntegerField(required=False, default=None, min_value=1)


class AuditQuery(HistoryQuery):
    """Which events to show."""

    action = serializers.ChoiceField(AuditEvent.Action.choices, required=False, default="")
    skill = serializers.CharField(required=False, default="", max_length=NAME_MAX)
    actor = serializers.CharField(required=False, default="", max_length=200)


class CallsQuery(Input):
    """Which calls of a skill are wanted."""

    status = serializers.ChoiceField(["success", "error"], required=False, default="")
    method = serializers.CharField(required=False, default="", max_length=40)
    version = serializers.IntegerField(required=False, default=None, min_value=1, max_value=2**31 - 1)
    client = serializers.CharField(required=False, default="", max_length=200)
    caller = serializers.CharField(required=False, default="", max_length=200)
    client_contains = serializers.CharField(required=False, default="", max_length=200)
    caller_contains = serializers.CharField(required=False, default="", max_length=200)
    text = serializers.CharField(required=False, default="", max_length=200)
    slower_than = serializers.IntegerField(required=False, default=0, min_value=1, max_value=86_400_000)
    since = serializers.DateTimeField(required=False, default=None)
    until = serializers.DateTimeField(required=False, default=None)


class ExportQuery(CallsQuery):
    """Which calls of all skills are wanted."""

    skill_contains = serializers.CharField(required=False, default="", max_length=NAME_MAX)
    skill = serializers.CharField(required=False, default="", max_length=NAME_MAX)


class SkillLogsQuery(CallsQuery, PageQuery):
    """Which calls of a skill to show."""

    cursor = PositionField(required=False, default=None)


class LogsQuery(ExportQuery, SkillLogsQuery):
    """Which calls to show."""


class UsageQuery(Input):
    """How many days to look at, the last of which is today."""

    days = serializers.IntegerField(required=False, default=30, min_value=1, max_value=DAYS_KEPT)


def body(request: Request, kind: type[Input]) -> dict[str, Any]:
    """What the request's body says. Raises ValidationError, and what the parsers raise."""
    return _read(request.data, kind)


def query(request: Request, kind: type[Input]) -> dict[str, Any]:
    """What the request's query parameters say. Raises ValidationError."""
    return _read(request.query_params, kind)


def _read(data: Any, kind: type[Input]) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise serializers.ValidationError({"body": ["A JSON object is expected."]})
    given = kind(data=data)
    given.is_valid()
    # An unknown field is an error, since a typo would change what is done.
    unknown = {str(name): ["There is no such field."] for name in data if name not in given.fields}
    if given.errors or unknown:
        raise serializers.ValidationError({**given.errors, **unknown})
    return dict(given.validated_data)
