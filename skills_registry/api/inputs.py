"""Serializers for request bodies and query parameters."""

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
    """The uploaded file exceeds SKILL_MAX_ARCHIVE_BYTES."""

    status_code = HTTP_413_REQUEST_ENTITY_TOO_LARGE


class ZipField(serializers.FileField):
    """An uploaded zip. One larger than SKILL_MAX_ARCHIVE_BYTES is refused before it is read."""

    def __init__(self) -> None:
        # An empty file gets the same kind of report as any other file that is not a zip.
        super().__init__(allow_empty_file=True)

    def to_internal_value(self, data: Any) -> Any:
        """Return the file. Raises TooLarge."""
        file = super().to_internal_value(data)
        limit: int = settings.SKILL_MAX_ARCHIVE_BYTES
        if file.size > limit:
            raise TooLarge(f"The file has {file.size:,} bytes; at most {limit:,} are allowed.")
        return file


class CursorField(serializers.Field[Any, str, Any, Any]):
    """A cursor for pages of calls: time and id of the last call, as written by `cursors.encode_cursor`."""

    default_error_messages = {"invalid": "This is not a cursor of this list."}

    def to_internal_value(self, data: str) -> Position:
        try:
            return decode_cursor(data)
        except ValueError:
            self.fail("invalid")


def _text_field(limit: int) -> serializers.CharField:
    return serializers.CharField(required=False, default="", allow_blank=True, max_length=limit)


class ValidateInput(Input):
    """A zip to validate."""

    file = ZipField()


class UploadInput(Input):
    """A zip, its note, and whether to publish it."""

    file = ZipField()
    note = _text_field(NOTE_MAX)
    publish = serializers.BooleanField(required=False, default=False)


class ChangeInput(Input):
    """The reason, and the version that the caller saw as live (`expected_live`: a number, or null for none)."""

    reason = _text_field(NOTE_MAX)
    expected_live = serializers.IntegerField(required=False, allow_null=True, min_value=1)


class PublishInput(ChangeInput):
    """The version to make live."""

    version = serializers.IntegerField(min_value=1)


class RollbackInput(ChangeInput):
    """The version to go back to; without one, the version that was live before."""

    version = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)


class ReasonInput(Input):
    """The reason for a change."""

    reason = _text_field(NOTE_MAX)


class CommentInput(Input):
    """The comment of a review."""

    comment = _text_field(NOTE_MAX)


class TagsInput(ReasonInput):
    """The complete list of tags."""

    tags = serializers.ListField(child=serializers.CharField(max_length=200), max_length=200)


class OwnerInput(ReasonInput):
    """The user name of the owner; null for nobody."""

    owner = serializers.CharField(allow_null=True, max_length=150)

    def validate_owner(self, name: str | None) -> User | None:
        """Return the active user with this name."""
        owner = User.objects.filter(username=name, is_active=True).first()
        if name is not None and owner is None:
            raise serializers.ValidationError("There is no active user with this name.")
        return owner


class DeleteInput(ChangeInput):
    """Whether to deactivate the skill; required if it is live."""

    deactivate = serializers.BooleanField(required=False, default=False)


class ContentField(serializers.Field[bytes, Any, Any, Any]):
    """The content of a file: a string, or {"base64": "..."} for binary data."""

    default_error_messages = {
        "kind": 'Expected a string, {{"base64": "..."}} or null.',
        "text": "This text cannot be encoded in UTF-8.",
        "base64": "This is not valid base64.",
    }

    def to_internal_value(self, data: Any) -> bytes:
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
    """The new content of files by path (null removes one), and the newest version when the edit began."""

    changes = serializers.DictField(child=ContentField(allow_null=True), allow_empty=False)
    expected_latest = serializers.IntegerField(min_value=1)
    note = _text_field(NOTE_MAX)


class PageQuery(Input):
    """The page size. Subclasses add `cursor`, which comes from `next` of the previous page."""

    limit = serializers.IntegerField(required=False, default=100, min_value=1, max_value=500)


class SkillsQuery(PageQuery):
    """Filters for skills; the cursor is a name."""

    status = serializers.ChoiceField(Skill.Status.choices, required=False, default="")
    tag = serializers.CharField(required=False, default="", max_length=200)
    cursor = serializers.CharField(required=False, default="", max_length=NAME_MAX)


class HistoryQuery(PageQuery):
    """A page of versions, publications, reviews or events; the cursor is the number of the last one."""

    cursor = serializers.IntegerField(required=False, default=None, min_value=1)


class AuditQuery(HistoryQuery):
    """Filters for audit events."""

    action = serializers.ChoiceField(AuditEvent.Action.choices, required=False, default="")
    skill = serializers.CharField(required=False, default="", max_length=NAME_MAX)
    actor = serializers.CharField(required=False, default="", max_length=200)


class CallsQuery(Input):
    """Filters for the calls of a skill."""

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
    """Filters for the calls of all skills."""

    skill_contains = serializers.CharField(required=False, default="", max_length=NAME_MAX)
    skill = serializers.CharField(required=False, default="", max_length=NAME_MAX)


class SkillLogsQuery(CallsQuery, PageQuery):
    """A page of the calls of a skill."""

    cursor = CursorField(required=False, default=None)


class LogsQuery(ExportQuery, SkillLogsQuery):
    """A page of the calls of all skills."""


class UsageQuery(Input):
    """The number of days, up to and including today (UTC)."""

    days = serializers.IntegerField(required=False, default=30, min_value=1, max_value=DAYS_KEPT)


def read_body(request: Request, kind: type[Input]) -> dict[str, Any]:
    """Validate the request's body. Raises ValidationError, and what the parsers raise."""
    return _validate(request.data, kind)


def read_query(request: Request, kind: type[Input]) -> dict[str, Any]:
    """Validate the request's query parameters. Raises ValidationError."""
    return _validate(request.query_params, kind)


def _validate(data: Any, kind: type[Input]) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise serializers.ValidationError({"body": ["Expected a JSON object."]})
    serializer = kind(data=data)
    serializer.is_valid()
    # An unknown field is an error: a typo would silently change what the request does.
    unknown = {str(name): ["There is no such field."] for name in data if name not in serializer.fields}
    if serializer.errors or unknown:
        raise serializers.ValidationError({**serializer.errors, **unknown})
    return dict(serializer.validated_data)
