"""The heartbeat of schedule and workers, and how far each chain of the audit trail is anchored."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0002_proposal")]

    operations = [
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40, unique=True)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="auditchain",
            name="anchored",
            field=models.PositiveBigIntegerField(default=0, verbose_name="anclada hasta"),
        ),
    ]
