"""Dossiers are called by their first row; what was returned counts as not yet received."""

from django.db import migrations
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.db.models import Value

AT_THE_AGENCY = ("draft", "returned", "awaiting_signature", "awaiting_seal")


def fill(apps, schema_editor):
    dossiers = apps.get_model("requests_app", "Dossier").objects.order_by()
    items = apps.get_model("requests_app", "DossierItem").objects
    titles = items.filter(dossier=OuterRef("pk")).exclude(title="").order_by("position")
    first = Coalesce(Subquery(titles.values("title")[:1]), Value(""))
    dossiers.filter(row_count__gt=0).update(first_title=first)
    dossiers.filter(state__in=AT_THE_AGENCY).update(received_on=None)


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0005_dossiers_named_and_returned")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
