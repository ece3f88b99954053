"""A credit note's line knows which line of the invoice it takes from."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0002_money_and_corrections")]

    operations = [
        migrations.AddField(
            model_name="line",
            name="credited_line",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="credits",
                to="invoicing.line",
                verbose_name="línea de la factura",
            ),
        ),
    ]
