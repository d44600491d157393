from django.db import migrations


def fill(apps, schema_editor):
    """What was done before there was a trail, as far as versions and publications tell; oldest first."""
    SkillVersion = apps.get_model("skills_registry", "SkillVersion")
    Publication = apps.get_model("skills_registry", "Publication")
    AuditEvent = apps.get_model("skills_registry", "AuditEvent")
    versions = SkillVersion.objects.exclude(state="storing").defer("files", "frontmatter", "warnings", "findings")
    publications = Publication.objects.select_related("version", "previous")
    events = [
        AuditEvent(
            action="create_version",
            skill_id=version.skill_id,
            version_number=version.number,
            actor_id=version.uploaded_by_id,
            reason=version.note,
            created_at=version.created_at,
            after={
                "version": version.number,
                "digest": version.digest,
                "files": version.file_count,
                "size": version.size,
            },
        )
        for version in versions.iterator(1000)
    ] + [
        AuditEvent(
            action=publication.action,
            skill_id=publication.skill_id,
            version_number=_number(publication.version),
            actor_id=publication.actor_id,
            reason=publication.reason,
            created_at=publication.created_at,
            before={"live": _number(publication.previous)},
            after={"live": _number(publication.version)},
        )
        for publication in publications.iterator(1000)
    ]
    AuditEvent.objects.bulk_create(sorted(events, key=lambda event: event.created_at), batch_size=1000)


def _number(version):
    return version.number if version else None


class Migration(migrations.Migration):
    dependencies = [("skills_registry", "0005_audit_reviews_yanks_and_deletion")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
