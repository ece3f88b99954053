"""Acts on many documents: a dry run first, row by row with its reason, then one by one with each outcome listed.

The second error stops the run: whatever is wrong is then rather with all of them than with one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cifras.core.admin.refusals import refusals_as_messages
from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.rights import may
from cifras.core.sign_in.step_up import require_fresh
from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import VoidStatus
from cifras.fiscal.voiding import require_reason
from cifras.pac.contract import ReasonLimits
from cifras.pac.errors import PacError
from invoicing import services
from invoicing.admin.assets import ASSETS
from invoicing.admin.badges import legal_badge
from invoicing.admin.deeds import actor_of, attach_obstacle, void_obstacle
from invoicing.admin.dialogs import VOID_TAKES_TWO, VoidForm, refusals_on
from invoicing.admin.document_page import deadline_of
from invoicing.admin.figures import money
from invoicing.admin.words import words_of
from invoicing.models import Document
from invoicing.models.choices import Kind
from invoicing.services import four_eyes, preflight, watching
from tenants.services.accounts import provider_spec

CONFIRMED = "confirmed"
_ERRORS_ALLOWED = 1
_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One document of a run: before it, why it cannot; after it, what became of it."""

    document: Document
    address: str
    total: str
    badge: Any
    deadline: Any
    obstacle: str = ""
    outcome: str = ""


class BulkDoorsMixin(StaffAdmin):
    """Issue, void, refresh and attach the PDF of the chosen rows."""

    kind: Kind
    actions: Any = ("bulk_issue", "bulk_refresh", "bulk_attach_pdf", "bulk_void", "bulk_email")

    def has_issue_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "issue")

    def has_void_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "void")

    def has_ask_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "change")

    @admin.action(description=gettext_lazy("Emitir…"), permissions=["issue"])
    def bulk_issue(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        rows = [self._row(row, _issue_obstacle(row)) for row in self._chosen(request, queryset)]
        if CONFIRMED not in request.POST:
            return self._dry_run(request, "bulk_issue", _("Emitir"), rows)
        require_fresh(request)
        issue = services.generate_invoice if self.kind is Kind.INVOICE else services.convert_credit_to_dgi
        return self._report(
            request,
            _("Emitir"),
            rows,
            lambda row: issue(row.uid, actor=actor_of(request)),
            lambda _issued: _("En cola"),
        )

    @admin.action(description=gettext_lazy("Anular ante la autoridad…"), permissions=["void"])
    def bulk_void(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        rows = [self._row(row, _void_obstacle(row)) for row in self._chosen(request, queryset)]
        limits, title = _strictest(rows), _void_title(rows)
        form = VoidForm(request.POST if CONFIRMED in request.POST else None, limits=limits)
        if form.is_valid():
            require_fresh(request)
            void = services.void_invoice if self.kind is Kind.INVOICE else services.void_credit
            with refusals_on(form):
                reason = require_reason(form.cleaned_data["reason"], limits.minimum, limits.maximum)
                return self._report(
                    request,
                    title,
                    rows,
                    lambda row: void(row.uid, reason, actor=actor_of(request)),
                    _void_outcome,
                )
        return self._dry_run(request, "bulk_void", title, rows, form)

    @admin.action(description=gettext_lazy("Actualizar"), permissions=["ask"])
    def bulk_refresh(self, request: HttpRequest, queryset: Any) -> None:
        self._look(request, self._chosen(request, queryset))

    @admin.action(description=gettext_lazy("Adjuntar PDF"), permissions=["ask"])
    def bulk_attach_pdf(self, request: HttpRequest, queryset: Any) -> None:
        wanted = []
        for row in self._chosen(request, queryset):
            obstacle = attach_obstacle(row)
            if obstacle:
                messages.warning(request, f"{row}: {obstacle}")
            else:
                wanted.append(row)
        self._look(request, wanted)

    def _look(self, request: HttpRequest, rows: list[Any]) -> None:
        asked = 0
        for row in rows:
            with refusals_as_messages(request):
                watching.look_now(row, actor=actor_of(request))
                asked += 1
        if asked:
            text = ngettext(
                "Se consulta al PAC por {n} documento.", "Se consulta al PAC por {n} documentos.", asked
            )
            messages.info(request, text.format(n=asked))

    def _may(self, request: HttpRequest, deed: str) -> bool:
        return may(request.user, f"invoicing.{deed}_{self.opts.model_name}")

    def _chosen(self, request: HttpRequest, queryset: Any) -> list[Any]:
        """The chosen rows whole, those whose void closes first on top."""
        chosen = queryset.order_by().values_list("pk", flat=True)[:_MOST_ROWS]
        return list(self.get_queryset(request).filter(pk__in=list(chosen)).order_by("void_deadline", "pk"))

    def _row(self, document: Any, obstacle: str) -> Row:
        return Row(
            document=document,
            address=self.address_of(document),
            total=money(document.total, document.currency),
            badge=legal_badge(document),
            deadline=deadline_of(document),
            obstacle=obstacle,
        )

    def _dry_run(
        self, request: HttpRequest, action: str, title: str, rows: list[Row], form: Any = None
    ) -> HttpResponse:
        able = [row.document for row in rows if not row.obstacle]
        is_void = action == "bulk_void"
        context = {
            "rows": rows,
            "able": len(able),
            "sum": _sums(able),
            "form": form,
            "action": action,
            "templates": _reasons(able) if form else (),
            "selected": [row.document.pk for row in rows],
            "checkbox": ACTION_CHECKBOX_NAME,
            "is_void": is_void,
            "warning": VOID_TAKES_TWO if is_void and any(map(four_eyes.void_takes_two, able)) else "",
        }
        return self._show(request, title, context)

    def _report(
        self,
        request: HttpRequest,
        title: str,
        rows: list[Row],
        act: Callable[[Any], Any],
        done: Callable[[Any], str],
    ) -> HttpResponse:
        outcomes = list(_carried_out(rows, act, done))
        return self._show(request, title, {"rows": outcomes, "is_report": True})

    def _show(self, request: HttpRequest, title: str, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        frame = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "assets": ASSETS,
            "back": request.get_full_path(),
        }
        return TemplateResponse(request, "admin/invoicing/document/bulk.html", frame | context)


def _carried_out(rows: list[Row], act: Callable[[Any], Any], done: Callable[[Any], str]) -> Iterator[Row]:
    """Each row with its outcome, as `done` words what the act answers; after the second error the rest is not tried."""
    errors = 0
    for row in rows:
        if row.obstacle:
            yield row
        elif errors > _ERRORS_ALLOWED:
            yield replace(row, obstacle=_("No se intentó: se detuvo en el segundo error."))
        else:
            try:
                yield replace(row, outcome=done(act(row.document)))
            except (RuleBroken, PacError) as refusal:
                errors += 1
                yield replace(row, obstacle=sentence(refusal))


def _issue_obstacle(document: Document) -> str:
    """Why it cannot be issued, all reasons in one text; a possible duplicate is asked about on its own page."""
    if not document.is_mendable:
        return _("Ya se puso en cola: no es un borrador.")
    reasons, doubts = preflight.review(document)
    if not reasons and preflight.asks(doubts):
        return _("Hay una duda que resolver: emítalo desde su página, donde se pide el motivo.")
    return " ".join(sentence(reason) for reason in reasons)


def _sums(documents: list[Any]) -> str:
    """What they come to, each currency by itself."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for document in documents:
        sums[document.currency] += document.total
    return " + ".join(money(total, currency) for currency, total in sums.items()) or money(Decimal(0))


def _void_title(rows: list[Row]) -> str:
    """The act in the words of the country where all of them were issued."""
    titles = {words_of(row.document).void_submit for row in rows}
    return str(titles.pop()) if len(titles) == 1 else _("Anular ante la autoridad")


def _reasons(documents: list[Any]) -> tuple[Any, ...]:
    """The usual reasons, in the words of the country where all of them were issued."""
    found = {words_of(document).authority: words_of(document).void_chosen for document in documents}
    return next(iter(found.values())) if len(found) == 1 else ()


def _void_obstacle(document: Document) -> str:
    refusal = void_obstacle(document)
    return sentence(refusal) if refusal else ""


def _void_outcome(document: Document) -> str:
    is_asked_for = document.void_status == VoidStatus.REQUESTED
    return _("Anulación pedida") if is_asked_for else _("Propuesta: la aprueba otra persona")


def _strictest(rows: list[Row]) -> ReasonLimits:
    """Limits that a reason has to keep for every row's provider."""
    limits = [provider_spec(row.document.provider).void_reason for row in rows if not row.obstacle]
    return ReasonLimits(
        minimum=max((limit.minimum for limit in limits), default=ReasonLimits().minimum),
        maximum=min((limit.maximum for limit in limits), default=ReasonLimits().maximum),
    )
