"""Minutes of giving devices back are confirmed device by device, no longer only taken note of."""

from django.db import migrations

RETURN_DEVICE, NOTICE, MINUTES = "return_device", "notice", "minutes"


def confirm(apps, schema_editor):
    rules = apps.get_model("requests_app", "RoutingRule")
    rules.objects.filter(procedure=RETURN_DEVICE, route=NOTICE).update(route=MINUTES)


def take_note(apps, schema_editor):
    rules = apps.get_model("requests_app", "RoutingRule")
    rules.objects.filter(procedure=RETURN_DEVICE, route=MINUTES).update(route=NOTICE)


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0005_covering_letters")]
    operations = [migrations.RunPython(confirm, take_note)]
