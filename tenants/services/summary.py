"""A company in one paper: who it is, its account, its offices, its certificate, what is pending, who may see it. No secrets."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils import timezone

from cifras.core import audit
from cifras.core.models import Staff
from tenants.models import Tenant
from tenants.services.pending import pending_steps
from tenants.services.sight import seers_of

FORMATS = ("json", "csv")


def summary_of(tenant: Tenant) -> dict[str, Any]:
    """The paper as JSON values, in the language of the page."""
    return {
        "tenant": {
            "id": str(tenant.uid),
            "legal_name": tenant.legal_name,
            "trade_name": tenant.trade_name,
            "country": tenant.country,
            "ruc": tenant.ruc,
            "dv": tenant.dv,
            "ruc_type": tenant.ruc_type,
            "email": tenant.email,
            "state": tenant.state,
            "environment": tenant.environment,
            "successor": str(tenant.successor.uid) if tenant.successor else None,
            "closed_at": _moment(tenant.closed_at),
        },
        "account": {
            "pac_provider": tenant.pac_provider,
            "pac_company_id": tenant.pac_company_id,
            "affiliated": tenant.affiliated,
            "may_issue_live": tenant.may_issue_live,
            "affiliation_read_at": _moment(tenant.affiliation_read_at),
            "affiliation_lapsed_at": _moment(tenant.affiliation_lapsed_at),
            "has_own_token": bool(tenant.pac_token),
            "has_own_webhook_secret": bool(tenant.webhook_secret),
        },
        "offices": [_office(office) for office in tenant.offices.order_by("code")],
        "certificates": [
            {
                "purpose": row.purpose,
                "subject": row.subject,
                "serial_number": row.serial_number,
                "fingerprint": row.fingerprint,
                "not_before": _moment(row.not_before),
                "not_after": _moment(row.not_after),
                "accepted_at": _moment(row.accepted_at),
                "replaced_at": _moment(row.replaced_at),
            }
            for row in tenant.certificates.order_by("-not_after", "pk")
        ],
        "pending_steps": [
            {"step": each.step, "code": each.code, "reason": each.reason} for each in pending_steps(tenant)
        ],
        "seen_by": [
            {
                "username": seer.person.username,
                "name": seer.person.get_full_name(),
                "roles": list(seer.roles),
                "sees_everything": seer.grant is None or seer.grant.tenant_id is None,
                "expires_at": _moment(seer.expires_at),
            }
            for seer in seers_of(tenant)
        ],
        "made_at": _moment(timezone.now()),
    }


def export_summary(tenant: Tenant, file_format: str, *, actor: Staff) -> dict[str, Any]:
    """The paper for a file that leaves: what left, in which format and who took it is in the audit trail."""
    summary = summary_of(tenant)
    audit.record(
        "tenant.exported",
        actor=actor,
        tenant_uid=tenant.uid,
        target=tenant,
        after={"format": file_format, "parts": list(summary)},
    )
    return summary


def rows_of(summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The paper as pairs of a path ("offices[0].code") and a value, for a table."""
    for name, value in summary.items():
        yield from _flattened(name, value)


def _flattened(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _flattened(f"{path}.{name}", member)
    elif isinstance(value, list):
        for position, member in enumerate(value):
            yield from _flattened(f"{path}[{position}]", member)
    else:
        yield path, "" if value is None else str(value)


def _office(office: Any) -> dict[str, Any]:
    return {
        "code": office.code,
        "type": office.type,
        "address": office.address,
        "telephone": office.telephone,
        "coordinates": office.coordinates,
        "location": office.location,
        "email": office.email,
        "pac_office_id": office.pac_office_id,
        "registration": office.registration,
        "closed_at": _moment(office.closed_at),
        "billing_points": [
            {"code": point.code, "first_number": point.first_number}
            for point in office.billing_points.order_by("code")
        ],
    }


def _moment(moment: Any) -> str | None:
    return timezone.localtime(moment).isoformat() if moment else None
