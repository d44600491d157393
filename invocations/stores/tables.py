"""The table `mcp-invocation-logs`, and the counters in `mcp-skills`. The seed's attributes, and ours."""

from __future__ import annotations

from django.conf import settings
from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute

from invocations.aws.dynamo import Connected, Table


class CallItem(Table):
    """One call; `invoked_at` is the sort key, ISO 8601 in UTC with `#` and the call's id."""

    class Meta(Connected):
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
    """The counters of a skill; what else its item in `mcp-skills` holds belongs to the published catalog."""

    class Meta(Connected):
        table_name = settings.DYNAMODB_SKILLS_TABLE

    skill_id = UnicodeAttribute(hash_key=True)
    invocation_count = NumberAttribute(null=True)
    error_count = NumberAttribute(null=True)
    last_invoked_at = UnicodeAttribute(null=True)
    imported_count = NumberAttribute(null=True)
    imported_errors = NumberAttribute(null=True)


class MonthItem(Table):
    """The calls of a skill on each day of a month: in the log's table, under the month and the skill's name.

    No skill's partition begins with `#`, so the two never meet. What all skills have in common is
    spread over items `#0`, `#1`, ..., since transactions on one item get into each other's way.
    """

    class Meta(Connected):
        table_name = settings.DYNAMODB_INVOCATION_LOGS_TABLE

    month = UnicodeAttribute(hash_key=True, attr_name="skill_id")
    skill = UnicodeAttribute(range_key=True, attr_name="invoked_at")
    expires_at = TTLAttribute(null=True)
    # An attribute a day, as only those can be counted up without being there before.
    vars().update(
        {f"{what}_{day:02}": NumberAttribute(null=True) for what in ("calls", "errors") for day in range(1, 32)}
    )
