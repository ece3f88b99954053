"""May this document be sent, and if not, why: every reason at once, each naming its field and where to mend it.

What a country demands of the document itself stands in `cifras.fiscal`; here are the reasons that need our own records: the
tenant, its certificate, the office, the provider, the invoice a note refers to.
"""

from collections.abc import Iterable
from copy import copy
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from cifras.fiscal import ruc
from cifras.fiscal.document import DocumentDraft, Kind, Mode
from cifras.fiscal.errors import CannotVerifyLocally, RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import REJECTED_LEGAL, Submission, VoidStatus
from cifras.fiscal.totals import Totals
from cifras.pac.contract import Capability
from invoicing.models import Document
from invoicing.services import crediting, crediting_lines, drafting, replacing, verifying
from invoicing.services.laws import days_back, law_of
from tenants.models import BillingPoint, Certificate, Tenant
from tenants.services.accounts import provider_spec
from tenants.services.catalogues import unknown_goods

QUESTIONS = frozenset({"possible_duplicate", "receiver_type_differs"})
_DUPLICATE_DAYS = 3
_MOST_TWINS = 20
_DUPLICATE = RuleBroken(
    "possible_duplicate",
    gettext_noop(
        "Posible duplicado: hace poco se hizo otro documento con el mismo receptor, el mismo total y las mismas líneas."
    ),
)
_DV_MISSING = "receiver_dv_missing"
_REFERENCE = ("references", "references.cufe")


def check(document: Document, *, now: datetime | None = None) -> list[RuleBroken]:
    """Every reason why `document` may not be queued now; empty when it may."""
    moment = now or timezone.now()
    draft = drafting.draft_of(document, issue_date=moment)
    return reasons(document, draft, law_of(document.tenant).compute(draft), now=moment)


def review(document: Document, *, now: datetime | None = None) -> tuple[list[RuleBroken], list[RuleBroken]]:
    """Every reason why `document` may not be sent to the authority now, and the doubts; proformas as if promoted."""
    moment = now or timezone.now()
    promoted = copy(document)
    promoted.mode = Mode.DGI
    draft = drafting.draft_of(promoted, issue_date=moment)
    found = reasons(promoted, draft, law_of(document.tenant).compute(draft), now=moment)
    return found, doubts(promoted, draft)


def reasons(document: Document, draft: DocumentDraft, sums: Totals, *, now: datetime) -> list[RuleBroken]:
    """As `check`, for a draft and totals already at hand."""
    law = law_of(document.tenant)
    found = law.reasons(draft, now=now, sums=sums, max_backdate_days=days_back(document.tenant))
    if document.mode == Mode.PROFORM:
        return found
    found = [
        *_tenant_reasons(document.tenant, now),
        *_office_reasons(document),
        *_capability_reasons(document),
        *found,
        *provider_spec(document.tenant).unsayable(draft),
    ]
    if law.has_cufe:
        found = _with_ruc_that_has_no_dv(found, draft)
    found += verifying.unknown_reasons(verifying.known_check(document.tenant, draft.receiver))
    if document.kind == Kind.CREDIT:
        found = _with_reference(found, _reference_reasons(document))
    return found + replacing.reasons(document, draft)


def doubts(document: Document, draft: DocumentDraft) -> list[RuleBroken]:
    """What does not stop the document but should be seen; it is recorded with it. Of `QUESTIONS` screens ask the reason."""
    party = draft.receiver
    found = [
        *law_of(document.tenant).warnings(draft),
        *verifying.type_doubts(verifying.known_check(document.tenant, party), party),
        *_unlisted_goods(document, draft),
    ]
    return [*found, _DUPLICATE] if twins(document) else found


def asks(found: Iterable[RuleBroken]) -> bool:
    """Whether a person has to say why the document is sent all the same."""
    return any(doubt.code in QUESTIONS for doubt in found)


def twins(document: Document) -> list[Document]:
    """The living documents of the last days that look like `document`: same kind, receiver, total and lines; newest first."""
    alike = Document.objects.filter(
        tenant=document.tenant,
        kind=document.kind,
        receiver_ruc=document.receiver_ruc,
        receiver_name=document.receiver_name,
        total=document.total,
        created_at__gte=timezone.now() - timedelta(days=_DUPLICATE_DAYS),
    )
    living = (
        alike.exclude(pk__in=[document.pk, document.replaces_id or 0])
        .exclude(submission=Submission.DISCARDED)
        .exclude(legal_status__in=REJECTED_LEGAL)
        .exclude(void_status=VoidStatus.VOIDED)
    )
    candidates = list(living.order_by("-pk").prefetch_related("lines")[:_MOST_TWINS])
    lines = _gist(document) if candidates else []
    return [each for each in candidates if _gist(each) == lines]


def _gist(document: Document) -> list[tuple[Any, ...]]:
    """What was sold, whatever the order of the lines."""
    return sorted(
        (row.description.casefold(), row.quantity, row.unit_price, row.unit_discount, row.tax_rate)
        for row in document.lines.all()
    )


def _unlisted_goods(document: Document, draft: DocumentDraft) -> list[RuleBroken]:
    """CPBS codes that the provider's catalogue, as we last got it, does not have."""
    codes = {line.cpbs_code for line in draft.lines if line.cpbs_code}
    unknown = unknown_goods(document.tenant, codes)
    return [
        RuleBroken(
            "cpbs_unlisted",
            gettext_noop("El código CPBS {cpbs} no está en el catálogo del PAC: revíselo."),
            f"lines[{index}].cpbs_code",
            cpbs=line.cpbs_code,
        )
        for index, line in enumerate(draft.lines)
        if line.cpbs_code in unknown
    ]


def _tenant_reasons(tenant: Tenant, now: datetime) -> list[RuleBroken]:
    found = []
    may_begin = tenant.state == Tenant.State.ONBOARDING and not tenant.is_live and tenant.pac_company_id
    if tenant.state != Tenant.State.ACTIVE and not may_begin:
        found.append(
            RuleBroken(
                "tenant_not_active",
                gettext_noop(
                    "La empresa no está activa ({state}): no puede emitir. Actívela o termine su habilitación."
                ),
                "tenant",
                state=tenant.get_state_display(),
            )
        )
    if not tenant.pac_company_id:
        found.append(
            RuleBroken(
                "tenant_not_registered",
                gettext_noop("La empresa aún no existe en el PAC: termine su habilitación antes de emitir."),
                "tenant",
            )
        )
    if tenant.is_live and not tenant.may_issue_live:
        found.append(
            RuleBroken(
                "tenant_not_affiliated",
                gettext_noop(
                    "La empresa no está afiliada al PAC («{word}»): termine la afiliación antes de emitir."
                ),
                "tenant",
                word=tenant.affiliated or "—",
            )
        )
    expired = Certificate.objects.filter(tenant=tenant, replaced_at=None, not_after__lt=now).first()
    if expired:
        found.append(
            RuleBroken(
                "certificate_expired",
                gettext_noop("El certificado de firma de la empresa venció: reemplácelo antes de emitir."),
                "tenant",
            )
        )
    return found


def _office_reasons(document: Document) -> list[RuleBroken]:
    office = document.office
    found = []
    if office.closed_at and document.kind == Kind.INVOICE:  # notes go on (domain 1)
        found.append(
            RuleBroken(
                "office_closed",
                gettext_noop("La sucursal {office} está cerrada: elija otra."),
                "office",
                office=office.code,
            )
        )
    if not office.pac_office_id and provider_spec(document.tenant).can(Capability.ONBOARD):
        found.append(
            RuleBroken(
                "office_not_registered",
                gettext_noop(
                    "La sucursal {office} no está registrada en el PAC: regístrela en la habilitación."
                ),
                "office",
                office=office.code,
            )
        )
    if not BillingPoint.objects.filter(office=office, code=document.billing_point).exists():
        found.append(
            RuleBroken(
                "unknown_billing_point",
                gettext_noop("La sucursal {office} no tiene el punto de facturación «{point}»."),
                "billing_point",
                office=office.code,
                point=document.billing_point,
            )
        )
    return found


def _capability_reasons(document: Document) -> list[RuleBroken]:
    spec = provider_spec(document.tenant)
    needed = Capability.ISSUE_INVOICE if document.kind == Kind.INVOICE else Capability.ISSUE_CREDIT
    if spec.can(needed, document.tenant.pac_options):
        return []
    return [
        RuleBroken(
            "provider_cannot",
            gettext_noop("{provider} no emite esta clase de documento."),
            "kind",
            provider=spec.name,
        )
    ]


def _with_ruc_that_has_no_dv(found: list[RuleBroken], draft: DocumentDraft) -> list[RuleBroken]:
    """A DV that could not be computed is missed because the RUC is wrong: that is said instead."""
    party = draft.receiver
    if not party.ruc or party.dv or party.contributor is None:
        return found
    try:
        ruc.panama.check_digit(party.ruc, party.contributor)
    except CannotVerifyLocally:
        return found
    except RuleBroken as wrong:
        return [wrong.at("receiver.ruc") if each.code == _DV_MISSING else each for each in found]
    return found


def _with_reference(found: list[RuleBroken], ours: list[RuleBroken]) -> list[RuleBroken]:
    """What our records say of the invoice is said once: without a CUFE because it was never authorised, for instance."""
    return [each for each in found if not ours or each.field not in _REFERENCE] + ours


def _reference_reasons(document: Document) -> list[RuleBroken]:
    invoice = document.credited
    if invoice is None:
        if document.reference_cufe and document.reference_date and law_of(document.tenant).has_cufe:
            return crediting.unregistered_reasons(document.reference_cufe, document.tenant)
        return [
            RuleBroken(
                "reference_missing",
                gettext_noop("Una nota de crédito ante la DGI necesita la factura a la que se refiere."),
                "references",
            )
        ]
    return crediting.reference_reasons(invoice) or crediting_lines.reasons(document, invoice)
