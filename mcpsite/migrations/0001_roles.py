from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

VIEWER = ["view_skill", "view_invocation"]
ROLES = {
    "viewer": VIEWER,
    "author": [*VIEWER, "upload_skill"],
    "publisher": [*VIEWER, "publish_skill"],
    "administrator": [
        *VIEWER,
        "upload_skill",
        "publish_skill",
        "administer_skill",
        "view_accesstoken",
        "add_accesstoken",
        "change_accesstoken",
    ],
}
APPS = ["skills_registry", "invocations", "mcp_gateway"]


def make_roles(apps, schema_editor):
    """Make the groups that are not there; one that is there belongs to the operators, whatever it may do."""
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for label in APPS:  # Django makes permissions only after all migrations
        create_permissions(installed.get_app_config(label), verbosity=0, apps=apps)
    for name, codenames in ROLES.items():
        group, made = Group.objects.get_or_create(name=name)
        if made:
            wanted = Permission.objects.filter(content_type__app_label__in=APPS, codename__in=codenames)
            group.permissions.set(wanted)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("invocations", "0001_initial"),
        ("mcp_gateway", "0001_initial"),
        ("skills_registry", "0006_fill_audit_trail"),
    ]

    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
