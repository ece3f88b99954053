"""What a provider charges us for a month: read from a file or from what somebody typed, and kept as it was."""

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import BinaryIO
from uuid import UUID

from django.db import IntegrityError, transaction

from cifras.core import audit
from cifras.core.models import Staff
from cifras.core.scopes import all_tenants
from cifras.core.wording import as_received
from cifras.fiscal import money
from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken, RulesBroken, gettext_noop, refuse
from invoicing.services.importing.files import SourceRow, in_row, read_rows
from reports.models import PacBill, PacBillLine, Plan
from tenants.models import Tenant
from tenants.services.accounts import provider_spec

LARGEST = 2 * 1024**2
_MOST_COUNT = 10**9
_MOST_REASONS = 20
_TOO_LARGE = Decimal(10) ** 10
_COLUMNS: Mapping[str, str] = {
    "pac_company_id": "company",
    "company": "company",
    "empresa": "company",
    "ruc": "company",
    "kind": "kind",
    "clase": "kind",
    "count": "count",
    "documentos": "count",
    "cantidad": "count",
    "amount": "amount",
    "importe": "amount",
}
_KINDS: Mapping[str, Kind] = {
    "invoice": Kind.INVOICE,
    "factura": Kind.INVOICE,
    "boleta": Kind.INVOICE,
    "credit": Kind.CREDIT,
    "nota": Kind.CREDIT,
    "nota de crédito": Kind.CREDIT,
    "nota de credito": Kind.CREDIT,
}
# The authorities' codes: what is a credit note to one is a debit note to the other.
_CODES: Mapping[str, Mapping[str, Kind]] = {
    Tenant.Country.PANAMA: {"01": Kind.INVOICE, "03": Kind.INVOICE, "04": Kind.CREDIT},
    Tenant.Country.PERU: {"01": Kind.INVOICE, "03": Kind.INVOICE, "07": Kind.CREDIT},
}


@dataclass(frozen=True, slots=True)
class Charged:
    """One line of the bill. `company` is the provider's id or a RUC; without a kind it counts both."""

    company: str
    kind: Kind | None
    count: int
    amount: Decimal | None


def record_bill(
    month: date, provider: str, currency: str, content: bytes, *, filename: str = "", actor: Staff
) -> PacBill:
    """Keep a provider's bill as the next version of its month. Raises RuleBroken with everything that cannot be read."""
    if len(content) > LARGEST:
        raise RuleBroken("file_too_large", gettext_noop("El archivo es demasiado grande."), "file")
    if currency not in Plan.Currency.values:
        raise RuleBroken("unknown_currency", gettext_noop("Elija la moneda de la factura."), "currency")
    charged = read_charged(io.BytesIO(content), provider_spec(provider).country)
    try:
        with (
            transaction.atomic(),
            all_tenants(reason="a provider's bill is about every company of the account"),
        ):
            return _keep(month, provider, currency, content, filename, charged, actor)
    except IntegrityError:
        raise RuleBroken(
            "bill_meanwhile",
            gettext_noop("Otra persona acaba de registrar esta factura: revise la suya y vuelva a intentar."),
        ) from None


def _keep(
    month: date,
    provider: str,
    currency: str,
    content: bytes,
    filename: str,
    charged: list[Charged],
    actor: Staff,
) -> PacBill:
    newest = PacBill.objects.filter(month=month, provider=provider).order_by("-version").first()
    bill = PacBill.objects.create(
        month=month,
        provider=provider,
        version=newest.version + 1 if newest else 1,
        currency=currency,
        filename=as_received(filename, 200)[:200],
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        uploaded_by=actor.username,
    )
    known = _known_companies(provider)
    PacBillLine.objects.bulk_create(
        PacBillLine(
            bill=bill,
            tenant_uid=known.get(each.company),
            company=each.company,
            kind=each.kind.value if each.kind else "",
            count=each.count,
            amount=each.amount,
        )
        for each in charged
    )
    audit.record(
        "pac_bill.recorded",
        actor=actor,
        target=bill,
        after={"lines": len(charged), "sha256": bill.sha256, "version": bill.version},
    )
    return bill


def read_charged(file: BinaryIO, country: str) -> list[Charged]:
    """The lines of a CSV or XLSX file, with codes of the country. Raises RuleBroken: what cannot be read, row by row."""
    found: list[Charged] = []
    reasons: list[RuleBroken] = []
    for row in read_rows(file):
        try:
            found.append(_charged(row, country))
        except RuleBroken as refusal:
            reasons.extend(in_row(row.number, refusal))
            if len(reasons) >= _MOST_REASONS:
                break
    refuse(reasons)
    if not found:
        raise RuleBroken("empty_bill", gettext_noop("La factura no trae ninguna línea."), "file")
    return found


def _charged(row: SourceRow, country: str) -> Charged:
    if isinstance(row.data, RuleBroken):
        raise row.data
    cells = {
        _COLUMNS[name.strip().lower()]: str(value).strip()
        for name, value in row.data.items()
        if name.strip().lower() in _COLUMNS
    }
    reasons: list[RuleBroken] = []
    company = as_received(cells.get("company", ""), 255)[:255]
    if not company:
        reasons.append(RuleBroken("company_missing", gettext_noop("Falta la empresa: pac_company_id o RUC.")))
    word = cells.get("kind", "")
    kind = _KINDS.get(word.lower()) or _CODES[country].get(word)
    if word and kind is None:
        sentence = gettext_noop("«{word}» no es una clase: escriba factura o nota.")
        reasons.append(RuleBroken("unknown_kind", sentence, word=as_received(word, 40)))
    count, amount = cells.get("count", ""), cells.get("amount", "")
    if not (count.isascii() and count.isdecimal() and len(count) < 10 and int(count) < _MOST_COUNT):
        reasons.append(
            RuleBroken("not_a_count", gettext_noop("La cantidad de documentos no es un número entero."))
        )
    if reasons:
        raise RulesBroken(reasons)
    return Charged(company, kind, int(count), _amount(amount) if amount else None)


def _amount(text: str) -> Decimal:
    """An amount that its column holds."""
    found = money.amount(text, "amount")
    if found.copy_abs() >= _TOO_LARGE:
        raise RuleBroken(
            "amount_too_large",
            gettext_noop("La cifra {value} es demasiado grande. Revise los ceros."),
            "amount",
            value=text[:40],
        )
    return found


def _known_companies(provider: str) -> dict[str, UUID]:
    """The live companies of the provider by each name that its bill may use; a RUC of two of them is nobody's."""
    rows = Tenant.objects.filter(pac_provider=provider, environment=Tenant.Environment.LIVE)
    named = list(rows.values_list("uid", "ruc", "pac_company_id"))
    known: dict[str, UUID] = dict(_once((ruc, uid) for uid, ruc, _company in named))
    known.update({company: uid for uid, _ruc, company in named if company})
    return known


def _once(pairs: Iterable[tuple[str, UUID]]) -> Iterator[tuple[str, UUID]]:
    found: dict[str, list[UUID]] = {}
    for name, uid in pairs:
        found.setdefault(name, []).append(uid)
    return ((name, uids[0]) for name, uids in found.items() if len(uids) == 1)
