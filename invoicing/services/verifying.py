"""A receiver's RUC held against the register: asked for by a person, remembered, and used by preflight (domain 4)."""

from cifras.core.models import Staff
from cifras.fiscal.document import Party, ReceiverType
from cifras.fiscal.errors import RuleBroken, gettext_noop
from invoicing.models import Receiver
from tenants.models import TaxIdCheck, Tenant
from tenants.services import TaxIdResult, verify_ruc
from tenants.services.tax_ids import receiver_type_of

_WITH_RUC = (ReceiverType.CONTRIBUYENTE, ReceiverType.GOBIERNO)


def verify_receiver(receiver: Receiver, *, actor: Staff | None) -> TaxIdResult:
    """Ask the provider about the RUC of a registered receiver now. Raises as `verify_ruc`."""
    return verify_ruc(
        receiver.ruc,
        receiver.contributor or Tenant.TaxIdType.JURIDICO,
        actor=actor,
        environment=receiver.tenant.environment,
        tenant=receiver.tenant,
        dv=receiver.dv,
        refresh=True,
    )


def known_check(tenant: Tenant, party: Party) -> TaxIdCheck | None:
    """What the provider answered last about the RUC of `party`, if anybody ever asked."""
    if not party.ruc or not party.contributor:
        return None
    return TaxIdCheck.objects.filter(
        country=tenant.country,
        environment=tenant.environment,
        ruc=party.ruc,
        contributor=party.contributor,
    ).first()


def unknown_reasons(check: TaxIdCheck | None) -> list[RuleBroken]:
    """The register does not have the RUC: nothing is sent to it."""
    if check is None or check.is_known:
        return []
    return [
        RuleBroken(
            "unknown_tax_id",
            gettext_noop("El PAC respondió que el RUC {ruc} no existe: corrija el RUC del receptor."),
            "receiver.ruc",
            ruc=check.ruc,
        )
    ]


def type_doubts(check: TaxIdCheck | None, party: Party) -> list[RuleBroken]:
    """The register calls the receiver something else than declared. Nobody is downgraded silently: a person looks."""
    if check is None or not check.is_known or party.type not in _WITH_RUC:
        return []
    answered = receiver_type_of(check.receiver_word)
    if answered == party.type:
        return []
    return [
        RuleBroken(
            "receiver_type_differs",
            gettext_noop(
                "El receptor se declaró {declared} y el PAC respondió «{answered}»: confirme cuál es antes de emitir."
            ),
            "receiver.type",
            declared=Receiver.Type(party.type).label,
            answered=check.receiver_word or "—",
        )
    ]
