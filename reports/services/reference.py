"""Reference data: the roles and the schedules, brought in line after every migrate; safe to repeat.

It lives on the top floor because the roles name permissions of every app, which exist only once all of them have migrated.
A schedule that an operator has switched off stays off.
"""

from collections.abc import Mapping

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask

_VIEW_TENANTS = (
    "tenants.view_tenant",
    "tenants.view_office",
    "tenants.view_certificate",
    "tenants.view_taxidcheck",
    "tenants.view_catalogue",
    "tenants.view_catalogueentry",
)
_VIEW_DOCUMENTS = (
    "invoicing.view_document",
    "invoicing.view_invoice",
    "invoicing.view_credit",
    "invoicing.view_received",
    "invoicing.view_importbatch",
    "invoicing.view_mirror",
    "invoicing.view_receiver",
    "invoicing.view_incident",
    "invoicing.view_webhookdelivery",
    "invoicing.view_documentmail",
    "invoicing.view_timelineevent",
    "invoicing.view_attachment",
    "invoicing.view_settlement",
    "invoicing.view_numberseries",
    "invoicing.view_correction",
    "tenants.view_exchange",
    "core.view_proposal",
)
_READ_REPORTS = ("reports.view_report", "reports.request_statement")
_READ_BILLING = ("reports.view_billing",)
_BILL = (*_READ_BILLING, "reports.manage_plans", "reports.issue_statement")
_READ_BOOKS = ("reports.view_books", "reports.export_books")
_RECORD_RATES = ("reports.manage_exchange_rates",)
_WRITE_DOCUMENTS = (
    "invoicing.add_invoice",
    "invoicing.change_invoice",
    "invoicing.issue_invoice",
    "invoicing.void_invoice",
    "invoicing.discard_invoice",
    "invoicing.settle_invoice",
    "invoicing.add_credit",
    "invoicing.change_credit",
    "invoicing.issue_credit",
    "invoicing.void_credit",
    "invoicing.discard_credit",
    "invoicing.add_receiver",
    "invoicing.change_receiver",
    "invoicing.release_incident",
    "invoicing.import_document",
    "invoicing.verify_document",
    "invoicing.decide_document",
    "invoicing.catch_up_document",
    "invoicing.change_webhookdelivery",
    "invoicing.add_documentmail",
)
_ONBOARD = (
    "tenants.add_tenant",
    "tenants.change_tenant",
    "tenants.onboard_tenant",
    "tenants.suspend_tenant",
    "tenants.close_tenant",
    "tenants.add_office",
    "tenants.change_office",
    "tenants.refresh_catalogue",
)
_MANAGE_STAFF = (
    "core.view_staff",
    "core.add_staff",
    "core.change_staff",
    "core.invite_staff",
    "core.reset_second_factor",
    "core.end_sessions",
    "auth.view_group",
    "tenants.view_staffgrant",
    "tenants.add_staffgrant",
    "tenants.change_staffgrant",
    "tenants.delete_staffgrant",
)
ROLES: Mapping[str, tuple[str, ...]] = {
    "Operaciones": (*_VIEW_TENANTS, *_VIEW_DOCUMENTS, *_READ_REPORTS, *_WRITE_DOCUMENTS, *_ONBOARD),
    "Facturación": (
        *_VIEW_TENANTS,
        *_VIEW_DOCUMENTS,
        *_READ_REPORTS,
        *_BILL,
        *_READ_BOOKS,
        *_RECORD_RATES,
        "reports.reconcile",
        "reports.close_month",
        "core.export_lists",
        "invoicing.settle_invoice",
        "invoicing.add_documentmail",
    ),
    "Auditoría": (
        *_VIEW_TENANTS,
        *_VIEW_DOCUMENTS,
        *_READ_REPORTS,
        *_READ_BILLING,
        *_READ_BOOKS,
        "core.view_auditentry",
        "core.export_lists",
        "invoicing.export_document",
        "tenants.view_staffgrant",
    ),
    "Administración": (
        *_VIEW_TENANTS,
        *_VIEW_DOCUMENTS,
        *_READ_REPORTS,
        *_BILL,
        *_READ_BOOKS,
        *_RECORD_RATES,
        "reports.reconcile",
        "reports.close_month",
        "reports.reopen_month",
        *_ONBOARD,
        *_MANAGE_STAFF,
        "tenants.override_tax_id",
        "tenants.set_four_eyes",
        "core.view_auditentry",
        "core.export_lists",
        "invoicing.export_document",
        "invoicing.release_incident",
        "invoicing.decide_document",
        "invoicing.overrule_document",
        "invoicing.catch_up_document",
        "django_celery_beat.view_periodictask",
        "django_celery_beat.change_periodictask",
    ),
}
# Task name -> seconds between two sweeps. The services wake the workers at once; a sweep finds what a lost message left.
SWEEPS: Mapping[str, int] = {
    "invoicing.submit": 15,
    "invoicing.resolve": 5,
    "invoicing.pac_status_poll": 5,
    "invoicing.void": 15,
    "invoicing.correct": 15,
    "invoicing.inbox": 15,
    "invoicing.import": 15,
    "invoicing.mirror": 15,
    "invoicing.mail": 15,
    "invoicing.request_webhooks": 30,
    "invoicing.numbering": 600,
    "tenants.affiliation": 20,
    "tenants.catalogues": 3600,
    "core.exports": 60,
    "reports.rollups": 30,
    "reports.statements": 60,
    "reports.reconcile": 60,
    "reports.billing": 30,
    "reports.adjustments": 60,
    "reports.month_end": 600,
    "core.heartbeat": 30,
    "core.anchor_audit": 3600,
    "core.sessions": 3600,
    "core.new_places": 60,
}


@transaction.atomic
def sync_reference_data() -> None:
    """Make roles and schedules what this module says."""
    for name, permissions in ROLES.items():
        _sync_role(name, permissions)
    for task, seconds in SWEEPS.items():
        _sync_sweep(task, seconds)


def _sync_role(name: str, permissions: tuple[str, ...]) -> None:
    group, _ = Group.objects.get_or_create(name=name)
    known = Permission.objects.select_related("content_type")
    by_name = {f"{row.content_type.app_label}.{row.codename}": row for row in known}
    group.permissions.set([by_name[permission] for permission in permissions if permission in by_name])


def _sync_sweep(task: str, seconds: int) -> None:
    every, _ = IntervalSchedule.objects.get_or_create(every=seconds, period=IntervalSchedule.SECONDS)
    row, made = PeriodicTask.objects.get_or_create(name=task, defaults={"task": task, "interval": every})
    if not made and (row.task, row.interval) != (task, every):
        row.task, row.interval = task, every
        row.save()
