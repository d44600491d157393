"""What the API says of skills, versions, publications and calls, and what it takes."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from invocations.models import Invocation
from skills_registry.models import Publication, Skill, SkillVersion


class SkillSerializer(serializers.ModelSerializer[Skill]):
    """A skill in a list: status, versions by number, and how often it was called."""

    status = serializers.CharField(read_only=True)
    live_version = serializers.IntegerField(source="live_version.number", allow_null=True, default=None)
    latest_version = serializers.IntegerField(source="latest_number", allow_null=True, read_only=True)
    description = serializers.CharField(source="live_version.description", default=None)
    calls = serializers.SerializerMethodField()
    last_call = serializers.SerializerMethodField()

    class Meta:
        model = Skill
        fields = [
            "name", "status", "description", "live_version", "latest_version", "published_at", "calls", "last_call",
            "created_at",
        ]  # fmt: skip

    def get_calls(self, skill: Skill) -> int:
        """How often it was called, ever."""
        return int(self.context["totals"][skill.name].calls)

    def get_last_call(self, skill: Skill) -> Any:
        """When it was called last, or null."""
        return self.context["totals"][skill.name].last_call


class VersionSerializer(serializers.ModelSerializer[SkillVersion]):
    """A version: number, digests, what is in it and what was remarked when it came in."""

    version = serializers.IntegerField(source="number")
    uploaded_by = serializers.CharField(source="uploaded_by.username", default=None)

    class Meta:
        model = SkillVersion
        fields = [
            "version", "digest", "size", "frontmatter", "files", "warnings", "findings", "note", "uploaded_by",
            "created_at",
        ]  # fmt: skip


class PublicationSerializer(serializers.ModelSerializer[Publication]):
    """A change of what is live."""

    version = serializers.IntegerField(source="version.number", default=None)
    previous = serializers.IntegerField(source="previous.number", default=None)
    actor = serializers.CharField(source="actor.username", default=None)

    class Meta:
        model = Publication
        fields = ["action", "version", "previous", "generation", "actor", "reason", "created_at"]


class InvocationSerializer(serializers.ModelSerializer[Invocation]):
    """A recorded call."""

    class Meta:
        model = Invocation
        fields = [
            "id", "skill", "version", "invoked_at", "method", "status", "error_message", "duration_ms",
            "request_params", "session_id", "client", "caller", "protocol_version", "trace_id",
        ]  # fmt: skip


class UploadInput(serializers.Serializer[Any]):
    """A zip, and what to do with it."""

    file = serializers.FileField(allow_empty_file=True)
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=10_000)
    publish = serializers.BooleanField(required=False, default=False)


class ValidateInput(serializers.Serializer[Any]):
    """A zip to be judged."""

    file = serializers.FileField(allow_empty_file=True)


class ChangeInput(serializers.Serializer[Any]):
    """Why, and what the caller believes to be live (`expected_live`: a number, or null for none)."""

    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=10_000)
    expected_live = serializers.IntegerField(required=False, allow_null=True, min_value=1)


class RollbackInput(ChangeInput):
    """A version to go back to; without one, the version that was live before."""

    version = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)


class PublishInput(ChangeInput):
    """The version to make live."""

    version = serializers.IntegerField(min_value=1)


class LogsQuery(serializers.Serializer[Any]):
    """Which calls to show."""

    status = serializers.ChoiceField(Invocation.Status.choices, required=False, default="")
    method = serializers.CharField(required=False, default="", max_length=40)
    limit = serializers.IntegerField(required=False, default=50, min_value=1, max_value=500)
    cursor = serializers.UUIDField(required=False, default=None)
