from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ca", "0009_keys_on_tokens")]

    operations = [
        migrations.AlterField(
            model_name="authority",
            name="role",
            field=models.CharField(
                choices=[
                    ("root", "CA gốc"),
                    ("issuing", "CA cấp chứng thư"),
                    ("cross", "Chứng thư chéo"),
                    ("recovery", "Khóa khôi phục thiết bị"),
                    ("ocsp", "OCSP"),
                    ("tsa", "Cấp dấu thời gian"),
                ],
                max_length=8,
            ),
        ),
    ]
