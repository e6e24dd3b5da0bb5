"""What was sent before is written cell by cell too."""

from django.db import migrations


def fill(apps, schema_editor):
    proposals = apps.get_model("demand", "DemandProposal").objects.filter(stage="issued")
    cells = apps.get_model("demand", "DemandCell").objects
    model = cells.model
    for one in proposals.select_related("round").order_by("pk").iterator(chunk_size=500):
        agreed = one.corrected or one.cells
        years = range(one.round.first_year, one.round.last_year + 1)
        cells.bulk_create(
            model(
                proposal=one,
                row=row,
                year=year,
                asked=one.cells.get(row, {}).get(str(year), 0),
                agreed=agreed.get(row, {}).get(str(year), 0),
            )
            for row in one.round.row_codes
            for year in years
        )


def empty(apps, schema_editor):
    apps.get_model("demand", "DemandCell").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("demand", "0002_demand_cells")]
    operations = [migrations.RunPython(fill, empty)]
