from collections import defaultdict

import django.db.models.deletion
from django.db import migrations, models


def inherit(apps, schema_editor):
    """What went over as a whole before this table was kept; each successor comes before its own."""
    Succession = apps.get_model("agencies", "Succession")
    Inheritance = apps.get_model("agencies", "Inheritance")
    whole = Succession.objects.filter(in_effect=True, extent="whole")
    above = defaultdict(set)
    below = defaultdict(set)
    found = set()
    rows = whole.order_by("effective_on", "pk").values_list("predecessor", "successor")
    for predecessor, successor in rows:
        ancestors = {predecessor} | above[predecessor]
        heirs = {successor} | below[successor]
        for ancestor in ancestors:
            below[ancestor] |= heirs
        for heir in heirs:
            above[heir] |= ancestors
        found |= {(ancestor, heir) for ancestor in ancestors for heir in heirs}
    Inheritance.objects.bulk_create(
        [Inheritance(ancestor_id=ancestor, heir_id=heir) for ancestor, heir in sorted(found)],
        batch_size=500,
    )


class Migration(migrations.Migration):

    dependencies = [
        ("agencies", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Inheritance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ancestor", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="heirs", to="agencies.agency")),
                ("heir", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="ancestors", to="agencies.agency")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("heir", "ancestor"), name="agencies_inheritance_once")],
            },
        ),
        migrations.RunPython(inherit, migrations.RunPython.noop),
    ]
