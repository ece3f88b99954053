from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0003_tenant_life"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="tenant",
            options={
                "ordering": ["legal_name", "pk"],
                "permissions": [
                    ("onboard_tenant", "Puede habilitar empresas ante el PAC"),
                    ("override_tax_id", "Puede conservar un DV que el PAC contradice"),
                    ("suspend_tenant", "Puede suspender y reactivar empresas"),
                    ("close_tenant", "Puede cerrar empresas y sucursales"),
                ],
                "verbose_name": "empresa",
                "verbose_name_plural": "empresas",
            },
        ),
        migrations.AddField(
            model_name="tenant",
            name="contact_name",
            field=models.CharField(blank=True, max_length=120, verbose_name="persona de contacto"),
        ),
        migrations.AddField(
            model_name="tenant",
            name="contact_telephone",
            field=models.CharField(blank=True, max_length=30, verbose_name="teléfono de contacto"),
        ),
        migrations.AddField(
            model_name="tenant",
            name="logo",
            field=models.FileField(
                blank=True,
                editable=False,
                max_length=200,
                upload_to="",
                verbose_name="logo guardado aquí",
            ),
        ),
    ]
