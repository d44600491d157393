"""Serializers for responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from invocations import queries
from invocations.events import InvocationEvent
from invocations.usage import Series, Share, Usage, Use
from skills_registry.models import AuditEvent, Publication, Review, Skill, SkillVersion
from skills_registry.packages.manifest_fields import SKILL_MD
from skills_registry.packages.problems import Mended
from skills_registry.texts.render import render_finding, render_problem


class ServedSerializer(serializers.ModelSerializer[Skill]):
    """Whether the last change of a skill is in effect at the gateways (`yes`, `pending`), and pending since when."""

    served = serializers.SerializerMethodField()
    pending_since = serializers.DateTimeField()

    class Meta:
        model = Skill
        fields = ["served", "pending_since"]

    def get_served(self, skill: Skill) -> str:
        """`yes` if the catalog that gateways read has the last change, else `pending`."""
        return "yes" if skill.is_served else "pending"


class SkillSerializer(ServedSerializer):
    """A skill with its status, version numbers and calls (`totals`, set by `serialize_skills`)."""

    status = serializers.CharField()
    description = serializers.CharField(source="live_version.description", default=None)
    live_version = serializers.IntegerField(source="live_version.number", default=None)
    latest_version = serializers.IntegerField(source="latest_number")
    waiting_version = serializers.IntegerField(source="waiting_number")
    review = serializers.CharField()
    owner = serializers.CharField(source="owner.username", default=None)
    calls = serializers.IntegerField(source="totals.calls", default=None)
    last_call = serializers.DateTimeField(source="totals.last_call", default=None)

    class Meta:
        model = Skill
        fields = [
            "name", "status", "description", "tags", "owner", "live_version", "latest_version", "waiting_version",
            "review", "published_at", "calls", "last_call", "created_at", "deleted_at", *ServedSerializer.Meta.fields,
        ]  # fmt: skip


class VersionSerializer(serializers.ModelSerializer[SkillVersion]):
    """A version in a list."""

    version = serializers.IntegerField(source="number")
    live = serializers.SerializerMethodField()
    uploaded_by = serializers.CharField(source="uploaded_by.username", default=None)

    class Meta:
        model = SkillVersion
        fields = [
            "version", "live", "digest", "size", "note", "review", "yanked_at", "yank_reason", "uploaded_by",
            "created_at",
        ]  # fmt: skip

    def get_live(self, version: SkillVersion) -> bool:
        """Whether the version is live."""
        return version.skill.live_version_id == version.pk


class VersionDetailSerializer(VersionSerializer):
    """A version with its frontmatter and files, and the report of its inspection."""

    skill = serializers.CharField(source="skill.name")
    warnings = serializers.SerializerMethodField()
    findings = serializers.SerializerMethodField()

    class Meta(VersionSerializer.Meta):
        fields = ["skill", *VersionSerializer.Meta.fields, "frontmatter", "files", "warnings", "findings"]

    def get_warnings(self, version: SkillVersion) -> list[dict[str, Any]]:
        """The warnings in the language of the request."""
        return [render_problem(warning) for warning in version.warnings]

    def get_findings(self, version: SkillVersion) -> list[dict[str, Any]]:
        """The findings in the language of the request."""
        return [render_finding(finding) for finding in version.findings]


class WaitingVersionSerializer(VersionSerializer):
    """A version in a list across skills."""

    skill = serializers.CharField(source="skill.name")

    class Meta(VersionSerializer.Meta):
        fields = ["skill", *VersionSerializer.Meta.fields]


class ReviewSerializer(serializers.ModelSerializer[Review]):
    """A verdict on a version with its comment."""

    actor = serializers.CharField(source="actor.username")

    class Meta:
        model = Review
        fields = ["verdict", "actor", "comment", "created_at"]


class AuditEventSerializer(serializers.ModelSerializer[AuditEvent]):
    """An audit event; `subject` names what it is about if that is not a skill."""

    skill = serializers.CharField(source="skill.name", default=None)
    version = serializers.IntegerField(source="version_number")
    actor = serializers.CharField(source="actor.username", default=None)

    class Meta:
        model = AuditEvent
        fields = ["action", "skill", "version", "subject", "actor", "reason", "before", "after", "created_at"]


class PublicationSerializer(serializers.ModelSerializer[Publication]):
    """A change of the live version."""

    version = serializers.IntegerField(source="version.number", default=None)
    previous = serializers.IntegerField(source="previous.number", default=None)
    actor = serializers.CharField(source="actor.username", default=None)

    class Meta:
        model = Publication
        fields = ["action", "version", "previous", "generation", "actor", "reason", "created_at"]


class InvocationSerializer(serializers.Serializer[InvocationEvent]):
    """A logged call. `duration_ms` is the time until the response; `request_params` is JSON cut to 1 KB."""

    id = serializers.UUIDField()
    skill = serializers.CharField()
    version = serializers.IntegerField()
    invoked_at = serializers.DateTimeField()
    method = serializers.CharField()
    status = serializers.CharField()
    error_message = serializers.CharField()
    duration_ms = serializers.FloatField()
    request_params = serializers.CharField()
    session_id = serializers.CharField()
    client = serializers.CharField()
    caller = serializers.CharField()
    protocol_version = serializers.CharField()
    trace_id = serializers.CharField()


def serialize_skills(skills: Sequence[Any]) -> Any:
    """Serialize skills with their calls, which are read for all of them at once."""
    totals = queries.totals(skill.name for skill in skills)
    for skill in skills:
        skill.totals = totals[skill.name]
    return SkillSerializer(skills, many=True).data


def serialize_versions(versions: Sequence[SkillVersion]) -> Any:
    """Serialize versions without their files and frontmatter."""
    return VersionSerializer(versions, many=True).data


def serialize_waiting_versions(versions: Sequence[SkillVersion]) -> Any:
    """Serialize versions of several skills."""
    return WaitingVersionSerializer(versions, many=True).data


def serialize_reviews(reviews: Sequence[Review]) -> Any:
    return ReviewSerializer(reviews, many=True).data


def serialize_events(events: Sequence[AuditEvent]) -> Any:
    return AuditEventSerializer(events, many=True).data


def serialize_publications(publications: Sequence[Publication]) -> Any:
    return PublicationSerializer(publications, many=True).data


def serialize_served_state(skill: Skill) -> Any:
    """Reload a skill and serialize whether its last change is in effect."""
    return ServedSerializer(Skill.objects.get(pk=skill.pk)).data


def serialize_mended(mended: Mended | None) -> Any:
    """The corrected SKILL.md and the changed lines (from 1); None if nothing can be mended."""
    if mended is None:
        return None
    return {"path": SKILL_MD, "text": mended.text, "changes": [asdict(mend) for mend in mended.mends]}


def serialize_calls(calls: Sequence[InvocationEvent]) -> Any:
    return InvocationSerializer(calls, many=True).data  # type: ignore[arg-type]  # many: several of them


def serialize_series(series: Series) -> dict[str, Any]:
    """Serialize calls by day and their sum."""
    return {
        "since": series.since,
        "until": series.until,
        **_serialize_use(series.total),
        "days": [{"day": day, **_serialize_use(use)} for day, use in series.days],
    }


def serialize_usage(used: Usage) -> dict[str, Any]:
    """Serialize statistics of the newest calls, with the sample that they are based on."""
    return {
        "sample": {"calls": used.total.calls, "oldest": used.oldest, "complete": used.complete},
        "duration_ms": {"p50": used.p50, "p95": used.p95, "p99": used.p99},
        "versions": [
            {"version": int(share.name[1:]) if share.name else None, **_serialize_use(share.use)}
            for share in used.versions
        ],
        "clients": serialize_shares("client", used.clients),
        "callers": serialize_shares("caller", used.callers),
    }


def serialize_shares(what: str, shares: Sequence[Share]) -> list[dict[str, Any]]:
    """Serialize the calls of each share; its name goes under the key `what`."""
    return [{what: share.name, **_serialize_use(share.use)} for share in shares]


def _serialize_use(use: Use) -> dict[str, int]:
    return {"calls": use.calls, "errors": use.errors}
