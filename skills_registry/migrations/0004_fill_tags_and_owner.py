from django.db import migrations

from skills_registry.tags import declared_tags


def fill(apps, schema_editor):
    """Skills that are there start as new ones do: tags from the frontmatter, the first uploader as owner."""
    Skill = apps.get_model("skills_registry", "Skill")
    SkillVersion = apps.get_model("skills_registry", "SkillVersion")
    for skill in Skill.objects.filter(owner=None, tags=[]).select_related("live_version").iterator(100):
        versions = SkillVersion.objects.filter(skill=skill).order_by("number")
        shown, first = skill.live_version or versions.last(), versions.first()
        if first is not None:
            skill.tags, skill.owner_id = declared_tags(shown.frontmatter), first.uploaded_by_id
            skill.save(update_fields=["tags", "owner"])


class Migration(migrations.Migration):
    dependencies = [("skills_registry", "0003_tags_and_owner")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
