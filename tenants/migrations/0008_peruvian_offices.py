from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0007_peru"),
    ]

    operations = [
        migrations.AlterField(
            model_name="office",
            name="coordinates",
            field=models.CharField(
                blank=True, help_text="+9.0017832,-79.5275519", max_length=22, verbose_name="coordenadas"
            ),
        ),
        migrations.AlterField(
            model_name="office",
            name="location",
            field=models.CharField(
                blank=True,
                help_text="Provincia-distrito-corregimiento: 8-8-11; en el Perú, el ubigeo: 150101.",
                max_length=8,
                verbose_name="ubicación",
            ),
        ),
        migrations.AlterField(
            model_name="office",
            name="telephone",
            field=models.CharField(blank=True, max_length=12, verbose_name="teléfono"),
        ),
    ]
