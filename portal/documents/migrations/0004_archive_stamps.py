
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('documents', '0003_letter_code'),
        ('ca', '0010_timestamp_authority'),
    ]

    operations = [
        migrations.AddField(
            model_name='document',
            name='stamp_due_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='document',
            name='stamped_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='document',
            name='stamped_copy',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='stamped', to='documents.document'),
        ),
        migrations.AddField(
            model_name='document',
            name='stamped_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name='document',
            index=models.Index(condition=models.Q(('stamp_due_at__isnull', False)), fields=['stamp_due_at'], name='documents_document_stamp_due'),
        ),
    ]
