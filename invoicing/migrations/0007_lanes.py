import uuid

from django.db import migrations, models

from cifras.fiscal.lifecycle import Submission


class Migration(migrations.Migration):
    """The queue in the order in which it is claimed, and how many calls each worker may have under way."""

    dependencies = [
        ("invoicing", "0006_mail_and_inbox"),
    ]

    operations = [
        migrations.CreateModel(
            name="LaneGrant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("provider", models.CharField(max_length=20)),
                ("environment", models.CharField(max_length=8)),
                ("calls", models.PositiveSmallIntegerField()),
                ("until", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["provider", "environment"], name="lane_provider")]},
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                condition=models.Q(("held_reason", ""), ("submission", Submission.QUEUED)),
                fields=["provider", "environment", "tenant", "send_by", "due_at"],
                name="document_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                condition=models.Q(
                    ("held_reason", ""), ("send_by__isnull", False), ("submission", Submission.QUEUED)
                ),
                fields=["provider", "environment", "send_by"],
                name="document_send_by",
            ),
        ),
    ]
