"""How the commands are told whose figures are meant, and of which days."""

from argparse import ArgumentTypeError
from datetime import UTC, date, datetime

from django.db.models import QuerySet

from cifras.fiscal.document import Kind
from invoicing.services.finding import find_tenant
from tenants.models import Tenant


def named_tenants(name: str) -> QuerySet[Tenant]:
    """The tenant of that name, or all of them without one; RuleBroken when unknown or ambiguous."""
    tenants = Tenant.objects.order_by("pk")
    return tenants.filter(pk=find_tenant(name, actor=None).pk) if name else tenants


_KINDS = {
    "INVOICE": Kind.INVOICE,
    "CREDIT": Kind.CREDIT,
    "CREDIT-NOTE": Kind.CREDIT,
    "CREDIT_NOTE": Kind.CREDIT,
}


def kind(text: str) -> str:
    """A kind in our word or the provider's."""
    try:
        return _KINDS[text.upper()].value
    except KeyError:
        raise ArgumentTypeError(f"«{text}» no es una clase: INVOICE o CREDIT") from None


def day(text: str) -> date:
    """A day as 2026-11-01."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"«{text}» no es una fecha: escriba AAAA-MM-DD") from None


def month(text: str) -> date:
    """The first day of a month written as 2026-11."""
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        raise ArgumentTypeError(f"«{text}» no es un mes: escriba AAAA-MM") from None
