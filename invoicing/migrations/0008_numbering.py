import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0007_lanes"), ("tenants", "0005_receiver_mail")]

    operations = [
        migrations.AddField(
            "numberseries", "uid", models.UUIDField(null=True, editable=False, default=uuid.uuid4)
        ),
        migrations.AddField(
            "numberseries", "checked_at", models.DateTimeField(null=True, verbose_name="revisada")
        ),
        migrations.AddField(
            "numberseries",
            "checked_to",
            models.PositiveBigIntegerField(default=0, verbose_name="revisada hasta"),
        ),
        migrations.AddField(
            "numberseries",
            "gap_count",
            models.PositiveBigIntegerField(default=0, verbose_name="números sin documento"),
        ),
        migrations.AlterField(
            "numberseries",
            "billing_point",
            models.CharField(max_length=3, verbose_name="punto de facturación"),
        ),
        migrations.AlterField(
            "numberseries",
            "next_number",
            models.PositiveBigIntegerField(default=1, verbose_name="próximo número"),
        ),
        migrations.AlterField(
            "numberseries",
            "office",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="number_series",
                to="tenants.office",
                verbose_name="sucursal",
            ),
        ),
        migrations.AlterField(
            "numberseries",
            "series",
            models.CharField(max_length=2, verbose_name="tipo de la autoridad"),
        ),
        migrations.AddIndex(
            "numberseries",
            models.Index(condition=models.Q(gap_count__gt=0), fields=["office"], name="number_series_gaps"),
        ),
    ]
