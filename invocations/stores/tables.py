"""The table `mcp-invocation-logs`, and the counters in `mcp-skills`. The seed's attributes, and ours."""

from __future__ import annotations

from django.conf import settings
from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.models import Model

from invocations.dynamo import Connected


class CallItem(Model):
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


class CounterItem(Model):
    """The counters of a skill; what else its item in `mcp-skills` holds belongs to the published catalog."""

    class Meta(Connected):
        table_name = settings.DYNAMODB_SKILLS_TABLE

    skill_id = UnicodeAttribute(hash_key=True)
    invocation_count = NumberAttribute(null=True)
    error_count = NumberAttribute(null=True)
    last_invoked_at = UnicodeAttribute(null=True)
    imported_count = NumberAttribute(null=True)
    imported_errors = NumberAttribute(null=True)
