
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('documents', '0002_document_by_sha256'),
    ]

    operations = [
        migrations.CreateModel(
            name='LetterCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=14, unique=True)),
                ('body', models.CharField(max_length=500, verbose_name='cơ quan ban hành')),
                ('number', models.CharField(blank=True, max_length=100, verbose_name='số, ký hiệu')),
                ('day', models.DateField(null=True, verbose_name='ngày văn bản')),
                ('document', models.OneToOneField(help_text='Bản đã đóng băng, trước mọi chữ ký', on_delete=django.db.models.deletion.PROTECT, related_name='letter_code', to='documents.document')),
            ],
        ),
    ]
