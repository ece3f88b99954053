from django.db import migrations, models


class Migration(migrations.Migration):
    """The reports over the running month read one index and no row."""

    dependencies = [
        ("invoicing", "0010_numbering_uid_once"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="document",
            index=models.Index(
                condition=models.Q(("is_received", False)),
                fields=["tenant", "issue_date"],
                include=(
                    "kind",
                    "mode",
                    "submission",
                    "legal_status",
                    "void_status",
                    "environment",
                    "currency",
                    "net",
                    "itbms",
                    "isc",
                    "oti",
                    "total",
                ),
                name="document_report",
            ),
        ),
    ]
