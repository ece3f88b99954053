"""The page that writes an invoice, as one form: its parts, what they say together, and where each refusal is shown."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from cifras.core.models import Staff
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from invoicing.admin import invoice_json
from invoicing.admin.form_laws import Rows, form_law, rows_of
from invoicing.admin.invoice_choices import (
    find_offered,
    place_choices,
    receiver_card,
    tenant_choices,
    tenants_offered,
)
from invoicing.admin.invoice_fields import (
    MOST_INSTALMENTS,
    DoubtForm,
    ExportationForm,
    InstalmentForm,
    PartForm,
)
from invoicing.admin.invoice_initial import Initial
from invoicing.admin.members import member_name
from invoicing.models import Receiver
from tenants.models import Tenant

ROW_NAMES: Mapping[str, Any] = {
    "lines": gettext_lazy("Línea {number}"),
    "payments": gettext_lazy("Pago {number}"),
    "instalments": gettext_lazy("Cuota {number}"),
}
_ROW_PATH = re.compile(r"(?P<part>lines|payments|instalments)(\[(?P<index>\d+)\]\.?(?P<member>.*))?")
InstalmentRows = rows_of(InstalmentForm, MOST_INSTALMENTS)

# The members in the order in which the page shows them; the rest follows.
_ORDER = (
    "tenant",
    "office",
    "billing_point",
    "document_kind",
    "series",
    "operation_type",
    "currency",
    "exchange_rate",
    "issue_date",
    "due_date",
    "mode",
    "receiver",
    "ad_hoc",
    "exportation",
    "retention_code",
    "retention_amount",
    "detraction",
    "lines",
    "payment_time",
    "payments",
    "instalments",
)


def _rank(reason: RuleBroken) -> tuple[int, int]:
    """Where on the page a refusal belongs: the member, and the row."""
    member, _bracket, index = re.split(r"[.\]]", reason.field)[0].partition("[")
    return _ORDER.index(member) if member in _ORDER else len(_ORDER), int(index or 0)


@dataclass(frozen=True, slots=True)
class Complaint:
    """One refusal in the list on top: the id of what it is about (or nothing), its name, and the sentence."""

    anchor: str
    where: str
    text: str


class InvoiceForms:
    """All parts of the page, bound to `data` or showing `initial`. With `tenant` the issuer is fixed: a draft's own."""

    def __init__(
        self,
        staff: Staff,
        *,
        data: QueryDict | None = None,
        initial: Initial | None = None,
        tenant: Tenant | None = None,
    ) -> None:
        self.staff, self.is_tenant_fixed = staff, tenant is not None
        said = data if data is not None else (initial or {}).get("head", {})
        self.tenant = tenant or self._chosen_tenant(str(said.get("tenant") or ""))
        self.law = form_law(self.tenant)
        shown = self.law.blank | (initial or {})
        self.head = self.law.head(data, initial=shown.get("head", {}))
        self.receiver = self.law.receiver(data, prefix="receiver", initial=shown.get("receiver", {}))
        self.exportation = ExportationForm(data, prefix="exportation", initial=shown.get("exportation", {}))
        self.lines = self.law.lines(data, prefix="lines", initial=shown["lines"])
        self.payments = self.law.payments(data, prefix="payments", initial=shown["payments"])
        self.instalments = InstalmentRows(data, prefix="instalments", initial=shown["instalments"])
        self.doubt = DoubtForm(data, prefix="doubt")
        self.part_errors: dict[str, list[str]] = {}
        self.complaints: list[Complaint] = []
        self.sent: dict[str, list[Any]] = {"lines": [], "payments": [], "instalments": []}
        self.is_readable = data is None or self._read()

    @property
    def parts(self) -> tuple[PartForm, ...]:
        return (self.head, self.receiver, self.exportation, self.doubt)

    @property
    def rows(self) -> dict[str, Rows]:
        return {"lines": self.lines, "payments": self.payments, "instalments": self.instalments}

    def json(self) -> dict[str, Any]:
        """The document as JSON; rows left blank are left out, and a payment without an amount is the rest."""
        self.sent = {part: rows.kept for part, rows in self.rows.items()}
        if not self.law.takes_payments(self.head):
            self.sent["payments"] = []
        elif self.law.needs_payment:
            self.sent["payments"] = self.sent["payments"] or self.payments.forms[:1]
        data = {
            **self.law.document_json(self),
            "lines": [self.law.line_json(row) for row in self.sent["lines"]],
            "payments": [self.law.payment_json(row) for row in self.sent["payments"]],
        }
        if self.head.value("payment_time") != "CASH":
            data["instalments"] = [
                invoice_json.instalment_json(row, number)
                for number, row in enumerate(self.sent["instalments"], start=1)
            ]
        self.sent["payments"] = invoice_json.settle_rest(data, self.sent["payments"], self.tenant)
        return data

    def refuse(self, reasons: Iterable[RuleBroken]) -> None:
        """Show each refusal beside its field or on its part, and all of them in the list on top, in the page's order."""
        for reason in sorted(reasons, key=_rank):
            text = sentence(reason.at(""))
            form, name = self._place(reason.field)
            if form is not None:
                form.add_error(name, text)
                self._complain(form[name].id_for_label or form[name].auto_id, self._label(form, name), text)
            elif reason.field in self.rows:
                self.part_errors.setdefault(reason.field, []).append(text)
                self._complain(f"inv-{reason.field}", member_name(reason.field), text)
            else:
                self._complain("", member_name(reason.field), text)

    def offer(self) -> None:
        """Fill the selects with what the person may choose, for drawing."""
        self.head.fields["tenant"].widget.choices = (
            [(str(self.tenant.uid), str(self.tenant))]
            if self.is_tenant_fixed and self.tenant
            else tenant_choices(self.staff)
        )
        if self.tenant:
            self.head.initial["tenant"] = str(self.tenant.uid)
        places = place_choices(self.tenant, self.head["place"].value() or "")
        if self.law.any_place:
            places = [("", self.law.any_place), *places]
        self.head.fields["place"].widget.choices = places
        self.law.offer(self)

    def card(self) -> dict[str, Any]:
        """The registered receiver that is chosen, for the page."""
        return receiver_card(self.registered)

    @cached_property
    def registered(self) -> Receiver | None:
        """The registered receiver that is chosen."""
        code = self.receiver.value("code")
        if not (self.tenant and code and self.receiver.is_registered):
            return None
        return Receiver.objects.filter(tenant=self.tenant, code=code).first()

    def _read(self) -> bool:
        """Whether every part could be read at all; what could not is among the complaints."""
        everything = [*self.parts, *(form for rows in self.rows.values() for form in rows.forms)]
        for form in everything:
            for name, errors in form.errors.items():
                self._complain(form[name].auto_id, self._label(form, name), " ".join(errors))
        for part, rows in self.rows.items():
            for text in map(str, rows.non_form_errors()):
                self.part_errors.setdefault(part, []).append(text)
                self._complain(f"inv-{part}", member_name(part), text)
        return not self.complaints

    def _chosen_tenant(self, uid: str) -> Tenant | None:
        if uid.strip():
            return find_offered(self.staff, uid.strip())
        offered = list(tenants_offered(self.staff)[:2])
        return offered[0] if len(offered) == 1 else None

    def _place(self, path: str) -> tuple[PartForm | None, str]:
        """The form and field that show the member at `path`; (None, "") when none does."""
        row = _ROW_PATH.fullmatch(path)
        if row:
            index, sent = row["index"], self.sent[row["part"]]
            if index is None or int(index) >= len(sent):
                return None, ""
            form: PartForm = sent[int(index)]
            name = form.field_for(row["member"] or sent[int(index)].telling[0])
        else:
            form, member = self._part(path)
            name = form.field_for(member)
        return (form, name) if name else (None, "")

    def _part(self, path: str) -> tuple[PartForm, str]:
        for prefix, form in (
            ("receiver", self.receiver),
            ("ad_hoc", self.receiver),
            ("exportation", self.exportation),
        ):
            if path == prefix or path.startswith(f"{prefix}."):
                return form, path.removeprefix(prefix).removeprefix(".")
        return self.head, path

    def _label(self, form: forms.BaseForm, name: str) -> str:
        label = str(form.fields[name].label)
        part, _dash, index = (form.prefix or "").partition("-")
        if part not in ROW_NAMES or not index.isdecimal():
            return label
        row = str(ROW_NAMES[part]).format(number=int(index) + 1)
        return f"{row} · {label}"

    def _complain(self, anchor: str, where: str, text: str) -> None:
        self.complaints.append(Complaint(anchor, where, text))
