"""Two models take the names of what they keep; no row changes."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orgmerge", "0001_initial")]

    operations = [
        migrations.RenameModel("GoneOver", "TransferEntry"),
        migrations.RenameModel("Choice", "SurvivorChoice"),
        migrations.RemoveConstraint("TransferEntry", "orgmerge_gone_over_once"),
        migrations.AddConstraint(
            "TransferEntry",
            models.UniqueConstraint(
                fields=["merger", "old", "new", "about", "target_id"],
                name="orgmerge_transfer_entry_once",
            ),
        ),
    ]
