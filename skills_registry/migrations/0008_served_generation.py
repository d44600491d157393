from django.db import migrations, models
from django.db.models import F


def fill(apps, schema_editor):
    """Until now a skill counted as projected once all its targets were written."""
    apps.get_model("skills_registry", "Skill").objects.update(served_generation=F("projected_generation"))


class Migration(migrations.Migration):
    dependencies = [("skills_registry", "0007_trail_of_users_and_groups")]

    operations = [
        migrations.AddField(
            model_name="skill",
            name="served_generation",
            field=models.PositiveBigIntegerField(
                db_default=0, default=0, help_text="The generation that has reached the catalog that gateways read."
            ),
        ),
        migrations.AddField(
            model_name="skill",
            name="unserved_since",
            field=models.DateTimeField(
                blank=True,
                null=True,
                help_text="Since when gateways do not know of a change; empty when they know of all.",
            ),
        ),
        migrations.AlterField(
            model_name="skill",
            name="projected_generation",
            field=models.PositiveBigIntegerField(
                default=0, help_text="The generation that has reached the store's `latest.json`."
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
