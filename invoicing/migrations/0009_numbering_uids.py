import uuid

from django.db import migrations


def give_uids(apps, schema_editor):
    """One identifier per row: a default would give all rows that exist the same."""
    series = apps.get_model("invoicing", "NumberSeries")
    for row in series.objects.all():
        row.uid = uuid.uuid4()
        row.save(update_fields=["uid"])


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0008_numbering")]

    operations = [migrations.RunPython(give_uids, migrations.RunPython.noop)]
