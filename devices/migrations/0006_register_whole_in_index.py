from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("devices", "0005_readdress"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="custodymove",
            name="devices_move_recent",
        ),
        migrations.AddIndex(
            model_name="custodymove",
            index=models.Index(fields=["at", "id", "agency", "move"], name="devices_move_recent"),
        ),
    ]
