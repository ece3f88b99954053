"""A difference that is another company's document no longer says which one: whoever reads it may not see that company."""

from typing import Any

from django.db import migrations


def forget(apps: Any, _schema: Any) -> None:
    rows = apps.get_model("reports", "Difference").objects.filter(reason_key="tenant_of_another")
    rows.update(document_uid=None, ours={})


class Migration(migrations.Migration):
    dependencies = [("reports", "0006_exchange_rates")]

    operations = [migrations.RunPython(forget, migrations.RunPython.noop, elidable=True)]
