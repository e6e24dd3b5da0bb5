from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ca', '0008_outside_orders'),
    ]

    operations = [
        migrations.AddField(
            model_name='authority',
            name='is_on_token',
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
