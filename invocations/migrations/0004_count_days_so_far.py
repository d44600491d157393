"""The days of the calls that are logged already, a day at a time; may be interrupted and run again."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import migrations, transaction
from django.db.models import Count, Q

ALL = ""


def count_days(apps: Any, schema_editor: Any) -> None:
    calls = apps.get_model("invocations", "Invocation").objects.order_by("invoked_at")
    first, last = calls.first(), calls.last()
    if first is None:
        return
    day, end = (call.invoked_at.astimezone(UTC).date() for call in (first, last))
    while day <= end:
        midnight = datetime.combine(day, time(), UTC)
        count_day(apps, day, calls.filter(invoked_at__gte=midnight, invoked_at__lt=midnight + timedelta(days=1)))
        day += timedelta(days=1)


def count_day(apps: Any, day: Any, calls: Any) -> None:
    day_counts = apps.get_model("invocations", "DayCount").objects
    failed = Count("pk", filter=Q(status="error"))
    with transaction.atomic():
        if day_counts.filter(day=day).exists():
            return
        found = list(calls.order_by().values_list("skill").annotate(calls=Count("pk"), errors=failed))
        if found:
            found.append((ALL, sum(number for _, number, _ in found), sum(errors for _, _, errors in found)))
        day_counts.bulk_create(
            [day_counts.model(skill=skill, day=day, calls=number, errors=errors) for skill, number, errors in found],
            batch_size=1000,
        )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("invocations", "0003_day_counts")]

    operations = [migrations.RunPython(count_days, migrations.RunPython.noop)]
