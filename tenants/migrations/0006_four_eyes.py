from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("tenants", "0005_receiver_mail")]

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
                    ("set_four_eyes", "Puede decidir qué actos piden dos personas"),
                ],
                "verbose_name": "empresa",
                "verbose_name_plural": "empresas",
            },
        ),
        migrations.AddField(
            model_name="tenant",
            name="four_eyes_void",
            field=models.BooleanField(
                default=False,
                help_text="Una persona la pide y otra la aprueba, dentro del plazo.",
                verbose_name="dos personas para anular",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="four_eyes_void_above",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="Dos personas solo si el total pasa de este monto. Vacío: en todos los documentos.",
                max_digits=14,
                null=True,
                verbose_name="desde qué monto",
            ),
        ),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=models.CheckConstraint(
                condition=Q(four_eyes_void_above=None) | Q(four_eyes_void_above__gte=0),
                name="four_eyes_amount_is_positive",
            ),
        ),
    ]
