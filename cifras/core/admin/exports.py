"""What the files of this app's lists hold."""

from django.contrib.auth.models import Group
from django.db.models import F, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import PeriodicTask

from cifras.core.exports.lists import ListColumn, ListExport, NotExported, columns_of
from cifras.core.models import AuditEntry, Proposal, Staff

AUDIT = ListExport(
    "auditoria",
    (
        *columns_of(
            AuditEntry,
            "at",
            "action",
            "object_label",
            "object_type",
            "object_uid",
            "actor_name",
            "actor_uid",
            "reason",
            "ip",
            actor_uid=_("Identificador de la persona"),
        ),
        ListColumn(_("Antes"), Cast(F("before"), TextField())),
        ListColumn(_("Después"), Cast(F("after"), TextField())),
        *columns_of(
            AuditEntry, "chain", "sequence", "previous_hash", "hash", "correlation_id", "exchange_id"
        ),
    ),
)
PROPOSALS = ListExport(
    "por-aprobar",
    columns_of(
        Proposal,
        "state",
        "act",
        "target_type",
        "target_label",
        "target_uid",
        "reason",
        "proposed_by_name",
        "proposed_at",
        "decided_by_name",
        "decided_at",
        "decision_note",
        "uid",
    ),
)
STAFF = ListExport(
    "personal",
    columns_of(
        Staff,
        "username",
        "first_name",
        "last_name",
        "email",
        "is_active",
        "is_superuser",
        "last_login",
        "date_joined",
        "uid",
    ),
)
GROUPS = ListExport("grupos", columns_of(Group, "name"))
TASKS = ListExport(
    "tareas-programadas",
    columns_of(PeriodicTask, "name", "task", "enabled", "one_off", "last_run_at", "total_run_count"),
)
SCHEDULE = NotExported("a handful of rows, each named by the tasks that use it")
