"""What the buttons inside the form do to what was typed, where no script does it: a row more, an amount, instalments."""

from collections.abc import Mapping
from datetime import date

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.zones import local_date
from invoicing.admin.invoice_fields import MOST_INSTALMENTS, SplitForm
from invoicing.admin.invoice_parts import InvoiceForms
from invoicing.admin.invoice_summary import live
from invoicing.services.half_written import read_half_written
from invoicing.services.sketching import a_month_after, equal_instalments, sketch


def with_one_more(data: QueryDict, part: str, new_line: Mapping[str, str]) -> QueryDict:
    """The same with a blank row at the end of `part`; a line begins as `new_line`."""
    changed = data.copy()
    total = data.get(f"{part}-TOTAL_FORMS", "")
    number = int(total) if total.isdecimal() else 0
    changed[f"{part}-TOTAL_FORMS"] = str(number + 1)
    if part == "lines":
        for name, value in new_line.items():
            changed[f"lines-{number}-{name}"] = value
    return changed


def with_completed(data: QueryDict, forms: InvoiceForms, index: str) -> QueryDict:
    """The same with the payment row `index` at what is missing to the total."""
    fills = live(forms)["fills"]
    changed = data.copy()
    if index.isdecimal() and int(index) < len(fills):
        changed[f"payments-{int(index)}-amount"] = fills[int(index)]
    return changed


def with_instalments(data: QueryDict, forms: InvoiceForms) -> tuple[QueryDict, str]:
    """The same with the part on credit in equal monthly instalments; or unchanged, and why not."""
    asked = SplitForm(data, prefix="split")
    asked.full_clean()
    count = asked.value("count")
    if not count.isdecimal() or not 1 <= int(count) <= MOST_INSTALMENTS:
        return data, _("Indique en cuántas cuotas: de 1 a {most}.").format(most=MOST_INSTALMENTS)
    half = read_half_written(forms.json())
    if half.entry is None:
        return data, _("Complete antes las líneas y los pagos.")
    try:
        first = date.fromisoformat(asked.value("first")) if asked.value("first") else _in_a_month()
        owed = sketch(half.entry, forms.tenant).owed
        parts = equal_instalments(owed, int(count), first)
    except ValueError:
        return data, _("La fecha de la primera cuota no se entiende: escríbala como 2026-12-21.")
    except RuleBroken as refusal:
        return data, sentence(refusal.at(""))
    if owed <= 0:
        return data, _("No hay parte a crédito que dividir: revise las líneas y la forma de pago 01.")
    changed = data.copy()
    changed["instalments-TOTAL_FORMS"] = count
    for number, part in enumerate(parts):
        changed[f"instalments-{number}-due_date"] = part.due_date.isoformat()
        changed[f"instalments-{number}-amount"] = f"{part.amount:.2f}"
        changed[f"instalments-{number}-information"] = ""
        changed.pop(f"instalments-{number}-DELETE", None)
    return changed, ""


def _in_a_month() -> date:
    return a_month_after(local_date(timezone.now()))
