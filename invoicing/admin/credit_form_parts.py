"""The page that writes a credit note, as one form: what it takes from the invoice, why, and where each refusal is shown."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget

from cifras.core.wording import sentence
from cifras.fiscal.document import Mode
from cifras.fiscal.errors import RuleBroken, refuse
from cifras.fiscal.money import amount as read_amount
from invoicing.admin.invoice_fields import DoubtForm, PartForm, figure, radios, select, text
from invoicing.admin.invoice_parts import Complaint
from invoicing.admin.members import member_name
from invoicing.admin.note_laws import note_law
from invoicing.admin.words import words_of
from invoicing.models import Document
from invoicing.services import composing_notes, crediting_lines
from invoicing.services.composing_notes import Creditable, How, Wish

# Each posted field counts against Django's limit of a thousand.
MOST_LINES = 300
_ROW = re.compile(r"(?P<rows>lines|quantities)\[(?P<number>\d+)\]")
_ALL, _LINES, _AMOUNT = How.WHOLE.value, How.LINES.value, How.AMOUNT.value


class NoteForm(PartForm):
    """Everything but the quantities."""

    how = radios(
        gettext_lazy("Cuánto rebaja"),
        [
            (_ALL, gettext_lazy("Por completo: lo que queda")),
            (_LINES, gettext_lazy("Por líneas")),
            (_AMOUNT, gettext_lazy("Por importe")),
        ],
        _ALL,
    )
    amount = figure("")
    reason_code = select(gettext_lazy("Motivo según la SUNAT"), [])
    series = select(gettext_lazy("Serie de la nota"), [])
    notes = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 3, "maxlength": 5000}),
    )
    emails = text(
        gettext_lazy("Correos"),
        gettext_lazy("Hasta tres, separados por comas. Vacío: los de la factura."),
        longest=160,
    )

    places = {
        "receiver.emails": "emails",
        "ad_hoc.emails": "emails",
        "ad_hoc": "emails",
        "billing_point": "series",
        "reason": "notes",
    }

    def __init__(self, *args: Any, invoice: Document, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        law, words = note_law(invoice), words_of(invoice)
        self.fields["amount"].label = words.note_amount
        self.fields["notes"].label, self.fields["notes"].help_text = words.note_reason, words.note_reason_help
        choices = law.choices(invoice)
        for name in ("reason_code", "series"):
            if name in choices:
                self.fields[name].widget.choices = choices[name]
            else:
                del self.fields[name]

    def listed_emails(self) -> list[str]:
        """The addresses typed in one field."""
        return [part.strip() for part in re.split(r"[,;]", self.value("emails")) if part.strip()]


class QuantityForm(PartForm):
    """How many units of one line."""

    quantity = figure(gettext_lazy("Cantidad que rebaja"))


class NoteForms:
    """The page's fields, bound to `data` or showing `initial`, beside the invoice that they are about."""

    def __init__(
        self,
        standing: Creditable,
        *,
        data: QueryDict | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self.standing, self.law = standing, note_law(standing.invoice)
        shown = self.law.usual(standing.invoice) | dict(initial or {})
        self.note = NoteForm(data, initial=shown, invoice=standing.invoice)
        self.doubt = DoubtForm(data, prefix="doubt")
        self.has_rows = len(standing.lines) <= MOST_LINES and all(line.row.pk for line in standing.lines)
        quantities = shown.get("quantities", {})
        self.rows = {
            line.row.position: QuantityForm(
                data,
                prefix=f"line-{line.row.position}",
                initial={"quantity": quantities.get(line.row.position, "")},
            )
            for line in (standing.lines if self.has_rows else ())
        }
        self.sent: list[dict[str, Any]] = []
        self.problem: RuleBroken | None = None
        self.complaints: list[Complaint] = []
        self._read()
        usual = standing.invoice.receiver_data.get("emails") or []
        self.note.fields["emails"].widget.attrs["placeholder"] = ", ".join(usual)
        if not self.has_rows:
            radio = self.note.fields["how"].widget
            radio.choices = [choice for choice in radio.choices if choice[0] != _LINES]

    @property
    def own_fields(self) -> list[Any]:
        """The fields that only its country has."""
        return [self.note[name] for name in self.law.own]

    @property
    def how(self) -> How:
        """What was chosen; all that is left where the choice is none of those offered."""
        typed = self.note.value("how")
        return How(typed) if typed in {how.value for how in How} else How.WHOLE

    def wish(self) -> Wish:
        """What was typed, read strictly. Raises RuleBroken with every figure that is none."""
        if self.how is How.AMOUNT:
            return Wish(How.AMOUNT, amount=read_amount(self.note.value("amount") or "0", "amount"))
        if self.how is How.WHOLE:
            return Wish()
        quantities, wrong = {}, []
        for position, row in self.rows.items():
            try:
                quantities[position] = read_amount(row.value("quantity") or "0", f"quantities[{position}]")
            except RuleBroken as reason:
                wrong.append(reason)
        refuse(wrong)
        return Wish(How.LINES, quantities=quantities)

    def json(self, mode: Mode) -> dict[str, Any] | None:
        """The note as JSON; None when something cannot be read or cannot be had, which `problem` then says."""
        try:
            data = composing_notes.note_json(
                self.standing,
                self.wish(),
                mode=mode,
                emails=self.note.listed_emails(),
                **self._said(),
            )
        except RuleBroken as refusal:
            self.problem = refusal
            return None
        self.problem, self.sent = None, data["lines"]
        return data

    def _said(self) -> dict[str, Any]:
        """The reason in words, and what only a note of its country says."""
        said = {name: self.note.value(name) for name in self.law.own}
        return {**said, self.law.text: self.note.value("notes")}

    def refuse(self, reasons: Iterable[RuleBroken]) -> None:
        """Show each refusal beside its field, and all of them in the list on top."""
        for reason in reasons:
            said = sentence(reason.at(""))
            form, name = self._place(reason.field)
            if form is None:
                self.complaints.append(Complaint("", member_name(reason.field), said))
                continue
            form.add_error(name, said)
            self.complaints.append(Complaint(form[name].auto_id, self._label(form, name), said))

    def _read(self) -> None:
        """What could not even be read is among the complaints."""
        for form in (self.note, self.doubt, *self.rows.values()):
            for name, errors in form.errors.items():
                label = self._label(form, name)
                self.complaints.append(Complaint(form[name].auto_id, label, " ".join(map(str, errors))))

    def _place(self, path: str) -> tuple[PartForm | None, str]:
        """The form and field that show the member at `path`; (None, "") when none does."""
        row = self._row(path)
        if row is not None:
            return row, "quantity"
        if path.startswith(("lines", "quantities", "amount", "freight", "insurance", "global_discounts")):
            return self.note, "amount" if self.how is How.AMOUNT else "how"
        member = path.partition("[")[0]
        name = self.note.field_for(member)
        return (self.note, name) if name else (None, "")

    def _row(self, path: str) -> PartForm | None:
        """The row that a refusal is about: named by the invoice's position, or by the note's own line."""
        found = _ROW.match(path)
        if found is None or self.how is not How.LINES:
            return None
        number = int(found["number"])
        if found["rows"] == "quantities":
            return self.rows.get(number)
        return self.rows.get(self.sent[number].get("credits_line", 0)) if number < len(self.sent) else None

    def _label(self, form: PartForm, name: str) -> str:
        label = str(form.fields[name].label)
        _line, dash, position = (form.prefix or "").partition("-")
        return _("Línea {number} · {label}").format(number=position, label=label) if dash else label


def initial_of(note: Document, standing: Creditable) -> dict[str, Any]:
    """A stored draft as the form shows it; empty when the form has no place for what it says.

    How it was asked for is not kept: it shows in the lines, which are either units at the invoice's price or amounts.
    """
    rows = list(note.lines.all())
    named = [line for line in standing.lines if line.row.pk]
    found = crediting_lines.matched(rows, named)
    if not rows or (named and len(found) < len(rows)):
        return {}
    shown: dict[str, Any] = note_law(standing.invoice).said_by(note)
    shown["emails"] = ", ".join(_own_emails(note, standing.invoice))
    if note.total == standing.left:
        return shown | {"how": _ALL}
    if found and all(row.unit_price == named[found[at]].row.unit_price for at, row in enumerate(rows)):
        quantities: dict[int, Decimal] = defaultdict(Decimal)
        for at, row in enumerate(rows):
            quantities[named[found[at]].row.position] += row.quantity
        written = {position: f"{quantity.normalize():f}" for position, quantity in quantities.items()}
        return shown | {"how": _LINES, "quantities": written}
    is_amount = all(row.quantity == 1 for row in rows)
    return shown | {"how": _AMOUNT, "amount": f"{note.total:.2f}"} if is_amount else {}


def _own_emails(note: Document, invoice: Document) -> list[str]:
    """The note's addresses, where they aren't simply the invoice's."""
    own = list(note.receiver_data.get("emails") or [])
    return own if own != list(invoice.receiver_data.get("emails") or []) else []
