from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ca", "0004_settled_replacements"),
    ]

    operations = [
        migrations.AddField(
            model_name="virtualtoken",
            name="scrypt_cost",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AlterField(
            model_name="authority",
            name="role",
            field=models.CharField(
                choices=[
                    ("root", "CA gốc"),
                    ("issuing", "CA cấp chứng thư"),
                    ("recovery", "Khóa khôi phục thiết bị"),
                    ("ocsp", "OCSP"),
                ],
                max_length=8,
            ),
        ),
    ]
