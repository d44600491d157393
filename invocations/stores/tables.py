"""PynamoDB models of the table `mcp-invocation-logs` and of the counters in `mcp-skills`."""

from __future__ import annotations

from django.conf import settings
from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute

from invocations.aws.dynamo import ConnectionMeta, Table


class CallItem(Table):
    """One call. The sort key `invoked_at` is the ISO 8601 time in UTC, `#` and the call's id."""

    class Meta(ConnectionMeta):
        table_name = settings.DYNAMODB_INVOCATION_LOGS_TABLE
        billing_mode = "PAY_PER_REQUEST"

    skill_id = UnicodeAttribute(hash_key=True)
    invoked_at = UnicodeAttribute(range_key=True)
    session_id = UnicodeAttribute(null=True)
    method = UnicodeAttribute(null=True)
    duration_ms = NumberAttribute(null=True)
    status = UnicodeAttribute(null=True)
    error_message = UnicodeAttribute(null=True)
    request_params = UnicodeAttribute(null=True)
    expires_at = TTLAttribute(null=True)
    version = NumberAttribute(null=True)
    client = UnicodeAttribute(null=True)
    caller = UnicodeAttribute(null=True)
    protocol_version = UnicodeAttribute(null=True)
    trace_id = UnicodeAttribute(null=True)


class CounterItem(Table):
    """The counters of a skill; the other attributes of its item belong to the published catalog."""

    class Meta(ConnectionMeta):
        table_name = settings.DYNAMODB_SKILLS_TABLE

    skill_id = UnicodeAttribute(hash_key=True)
    invocation_count = NumberAttribute(null=True)
    error_count = NumberAttribute(null=True)
    last_invoked_at = UnicodeAttribute(null=True)
    imported_count = NumberAttribute(null=True)
    imported_errors = NumberAttribute(null=True)


class MonthItem(Table):
    """Daily calls of a skill in one month, stored in the log's table by month and skill.

    No skill's partition starts with `#`, so these never collide with calls. The counts of all skills are
    spread over items `#0`, `#1`, ..., because transactions on one item would conflict.
    """

    class Meta(ConnectionMeta):
        table_name = settings.DYNAMODB_INVOCATION_LOGS_TABLE

    month = UnicodeAttribute(hash_key=True, attr_name="skill_id")
    skill = UnicodeAttribute(range_key=True, attr_name="invoked_at")
    expires_at = TTLAttribute(null=True)
    # One attribute per day: ADD creates missing attributes, but not missing map entries.
    vars().update(
        {f"{what}_{day:02}": NumberAttribute(null=True) for what in ("calls", "errors") for day in range(1, 32)}
    )
