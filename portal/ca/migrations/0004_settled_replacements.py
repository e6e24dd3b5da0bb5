from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ca", "0003_open_clocks_and_locked_tokens"),
    ]

    operations = [
        migrations.AddField(
            model_name="certificate",
            name="settled_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="certificate",
            index=models.Index(
                condition=models.Q(
                    ("predecessor__isnull", False), ("settled_at__isnull", True)
                ),
                fields=["issued_at", "id"],
                name="ca_certificate_unsettled",
            ),
        ),
    ]
