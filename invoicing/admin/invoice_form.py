"""The page on which a person writes an invoice by hand: a new one, or a draft.

Everything works by posting the form to its own address; scripts only save the person some clicks. Nothing is computed in the
browser, and nothing that it sends is believed: tenant, office and receiver are looked up within what the person may see.
"""

import json
from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, QueryDict
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from cifras.core.admin.staff_admin import StaffAdmin
from cifras.core.models import Staff
from cifras.core.rights import may
from cifras.core.wording import sentence, sentences
from cifras.fiscal.document import Kind
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.lifecycle import Submission
from cifras.pac.errors import PacError
from invoicing.admin.form_identity import (
    TOKEN,
    form_sent,
    new_form,
    queued_or_not,
    sealed,
    still_returned,
)
from invoicing.admin.form_laws import FormLaw, form_law
from invoicing.admin.invoice_choices import (
    find_cpbs,
    find_locations,
    find_offered,
    find_receivers,
    place_choices,
    receiver_card,
)
from invoicing.admin.invoice_fields import SplitForm
from invoicing.admin.invoice_initial import Initial, as_copy
from invoicing.admin.invoice_parts import InvoiceForms
from invoicing.admin.invoice_rows import with_completed, with_instalments, with_one_more
from invoicing.admin.invoice_summary import live
from invoicing.admin.peru_fields import takes_detractions
from invoicing.models import Document, Receiver
from invoicing.models.choices import Mode
from invoicing.services import composing, preflight
from invoicing.services.composing import Form, Rehearsal
from invoicing.services.reading import read_entry
from tenants.models import Tenant
from tenants.services.accounts import provider_spec

PAGE = "admin/invoicing/invoice/form/page.html"


class InvoiceFormMixin(StaffAdmin):
    """`add_view`, and `change_view` of drafts. Goes first among the bases of the page of invoices."""

    def get_urls(self) -> list[Any]:
        doors: dict[str, Callable[[HttpRequest], HttpResponse]] = {
            "totals": self.form_totals_view,
            "places": self.form_places_view,
            "receivers": self.form_receivers_view,
            "receiver": self.form_receiver_view,
            "locations": self.form_locations_view,
            "goods": self.form_goods_view,
        }
        own = [
            path(f"form/{name}/", self._for_writers(view), name=_url_name(name))
            for name, view in doors.items()
        ]
        return own + super().get_urls()

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not may(request.user, "invoicing.add_invoice"):
            raise PermissionDenied
        if request.method == "POST":
            return self._form_act(request, form_sent(request) or new_form(), None)
        forms = InvoiceForms(_staff(request), initial=self._form_initial(request))
        return self._form_page(request, forms, new_form())

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        document: Any = self.require_object(request, object_id)
        if request.method == "POST" and TOKEN in request.POST and not document.is_mendable:
            text = _("El documento {number} ya se emitió y no cambia más.")
            messages.info(request, text.format(number=document.printed_number))
            return HttpResponseRedirect(self.address_of(document))
        if (
            not document.is_mendable
            or "tab" in request.GET
            or not may(request.user, "invoicing.change_invoice")
        ):
            return super().change_view(request, object_id, form_url, extra_context)
        law = form_law(document.tenant)
        if not law.fits(document):
            text = _(
                "Este borrador trae más de lo que cabe en el formulario: aquí se ve, se emite o se descarta."
            )
            messages.info(request, text)
            return super().change_view(request, object_id, form_url, extra_context)
        if request.method == "POST":
            form = form_sent(request)
            if form is None or form.uid != document.uid:
                form = Form(document.uid, document.content_hash)
            return self._form_act(request, form, document)
        forms = InvoiceForms(_staff(request), initial=law.initial_of(document), tenant=document.tenant)
        return self._form_page(request, forms, Form(document.uid, document.content_hash), document)

    def form_totals_view(self, request: HttpRequest) -> HttpResponse:
        """The figures of what is posted, nothing stored."""
        if request.method != "POST":
            return HttpResponse(status=405)
        return JsonResponse(live(InvoiceForms(_staff(request), data=request.POST)))

    def form_places_view(self, request: HttpRequest) -> HttpResponse:
        """The offices and points of a tenant."""
        tenant = _tenant_of(request)
        law = form_law(tenant)
        choices = [*([("", law.any_place)] if law.any_place else []), *place_choices(tenant)]
        rows = [{"value": value, "label": str(label)} for value, label in choices]
        return JsonResponse({"places": rows, "is_sandbox": not tenant.is_live, "country": law.country})

    def form_receivers_view(self, request: HttpRequest) -> HttpResponse:
        """Registered receivers of a tenant that fit what was typed."""
        found = find_receivers(_tenant_of(request), request.GET.get("q", "").replace("\x00", "").strip())
        return JsonResponse({"found": found})

    def form_receiver_view(self, request: HttpRequest) -> HttpResponse:
        """What is known of one registered receiver, as a piece of the page."""
        code = request.GET.get("code", "").replace("\x00", "").strip()
        tenant = _tenant_of(request)
        receiver = Receiver.objects.filter(tenant=tenant, code=code).first()
        card = form_law(tenant).templates["receiver_card"]
        return render(request, card, {"card": receiver_card(receiver), "code": code})

    def form_locations_view(self, request: HttpRequest) -> HttpResponse:
        """Places that fit what was typed."""
        return JsonResponse({"found": find_locations(request.GET.get("q", ""))})

    def form_goods_view(self, request: HttpRequest) -> HttpResponse:
        """CPBS codes that fit what was typed."""
        typed = request.GET.get("q", "").replace("\x00", "")
        return JsonResponse({"found": find_cpbs(_tenant_of(request), typed, actor=_staff(request))})

    def _for_writers(self, view: Callable[[HttpRequest], HttpResponse]) -> Any:
        """The view, for those who may write invoices."""

        def door(request: HttpRequest) -> HttpResponse:
            if not any(may(request.user, f"invoicing.{deed}_invoice") for deed in ("add", "change")):
                raise PermissionDenied
            return view(request)

        return self.guarded_view(door)

    def _form_initial(self, request: HttpRequest) -> Initial:
        """What the address presets: an invoice to copy, or a tenant."""
        copied = request.GET.get("copy")
        if copied:
            document: Any = self.require_object(request, copied)
            law = form_law(document.tenant)
            return as_copy(law.initial_of(document), document) if law.fits(document) else {}
        return {"head": {"tenant": request.GET.get("tenant", "")}}

    def _form_act(self, request: HttpRequest, form: Form, document: Document | None) -> HttpResponse:
        """What the pressed button asks for; the page again where it asks for no more or was refused."""
        if "_issue" in request.POST and not may(request.user, "invoicing.issue_invoice"):
            raise PermissionDenied
        tenant = document.tenant if document else None
        chosen = tenant or find_offered(_staff(request), request.POST.get("tenant", ""))
        law = form_law(chosen)
        if request.POST.get("country", law.country) != law.country:
            # A company of another country was chosen: its page has other fields, and begins anew.
            initial: Initial = {"head": {"tenant": request.POST.get("tenant", "")}}
            return self._form_page(request, InvoiceForms(_staff(request), initial=initial), form)
        posted, note = _worked_over(request, tenant, law)
        forms = InvoiceForms(_staff(request), data=posted, tenant=tenant)
        made, rehearsal = self._form_outcome(request, forms, form)
        return made or self._form_page(request, forms, form, document, rehearsal=rehearsal, note=note)

    def _form_outcome(
        self, request: HttpRequest, forms: InvoiceForms, form: Form
    ) -> tuple[HttpResponse | None, Rehearsal | None]:
        """(where to go next, what the rehearsal found), each or neither."""
        if not forms.is_readable:
            return None, None
        if forms.tenant is None and forms.head.value("tenant"):
            forms.refuse([_unknown_tenant()])
            return None, None
        wants_issue = "_issue" in request.POST
        if "_draft" in request.POST or _is_proforma(forms, wants_issue):
            return self._form_attempt(
                request, forms, lambda entry: self._form_keep(request, entry, form)
            ), None
        if not wants_issue and "_review" not in request.POST:
            return None, None
        rehearsal = composing.rehearse(forms.json(), form, actor=_staff(request))
        forms.refuse(rehearsal.reasons)
        is_asked = preflight.asks(rehearsal.doubts) and not forms.doubt.answer
        if rehearsal.reasons or is_asked or not wants_issue:
            return None, rehearsal
        return self._form_attempt(
            request, forms, lambda entry: self._form_issue(request, entry, form, forms)
        ), rehearsal

    def _form_attempt(
        self, request: HttpRequest, forms: InvoiceForms, act: Callable[[Any], HttpResponse]
    ) -> HttpResponse | None:
        """Where to go after the act; None when it was refused, and then the page shows why."""
        try:
            return act(read_entry(forms.json(), kind=Kind.INVOICE))
        except RuleBroken as refusal:
            forms.refuse(refusal.reasons)
        except PacError as error:
            for text in sentences(error):
                messages.error(request, text)
        return None

    def _form_keep(self, request: HttpRequest, entry: Any, form: Form) -> HttpResponse:
        document = composing.keep_draft(entry, form, actor=_staff(request))
        if document.submission == Submission.RETURNED:
            messages.success(request, still_returned(document))
        elif document.mode == Mode.PROFORM:
            text = _("Proforma {number} guardada: queda entre nosotros y no es válida como factura.")
            messages.success(request, text.format(number=document.number))
        else:
            messages.success(request, _("Borrador guardado. No se ha enviado nada."))
        return HttpResponseRedirect(self.address_of(document))

    def _form_issue(self, request: HttpRequest, entry: Any, form: Form, forms: InvoiceForms) -> HttpResponse:
        reason = forms.doubt.answer
        document = composing.issue(entry, form, actor=_staff(request), doubt_reason=reason)
        messages.success(request, queued_or_not(document))
        return HttpResponseRedirect(self.address_of(document))

    def _form_page(
        self,
        request: HttpRequest,
        forms: InvoiceForms,
        form: Form,
        document: Document | None = None,
        *,
        rehearsal: Rehearsal | None = None,
        note: str = "",
    ) -> HttpResponse:
        forms.offer()
        figures = live(forms)
        request.current_app = self.admin_site.name
        is_clear = rehearsal is not None and not rehearsal.reasons
        context = {
            **self.admin_site.each_context(request),
            "title": _title(document, forms.law),
            "opts": self.opts,
            "original": document,
            "forms": forms,
            "split": SplitForm(request.POST or None, prefix="split"),
            "figures": figures,
            "rows": {
                "lines": list(zip(forms.lines.forms, figures["lines"], strict=True)),
                "payments": list(zip(forms.payments.forms, figures["fills"], strict=True)),
            },
            "token": sealed(form, request),
            "is_clear": is_clear,
            "doubts": [sentence(doubt) for doubt in rehearsal.doubts] if rehearsal else [],
            "asks": is_clear and rehearsal is not None and preflight.asks(rehearsal.doubts),
            "twins": self._form_twins(rehearsal) if is_clear else [],
            "note": note,
            "card": forms.card(),
            "is_sandbox": bool(forms.tenant and not forms.tenant.is_live),
            "templates": forms.law.templates,
            "country": forms.law.country,
            "units": forms.law.units,
            "new_line": json.dumps(dict(forms.law.new_line)),
            **_provider_of(forms.tenant),
            "is_returned": document is not None and document.submission == Submission.RETURNED,
            "may_issue": may(request.user, "invoicing.issue_invoice"),
            "addresses": {name: reverse(f"{self.admin_site.name}:{_url_name(name)}") for name in _DOORS},
            "list_address": reverse(f"{self.admin_site.name}:invoicing_invoice_changelist"),
        }
        return TemplateResponse(request, PAGE, context)

    def _form_twins(self, rehearsal: Rehearsal | None) -> list[tuple[Document, str]]:
        return [(twin, self.address_of(twin)) for twin in rehearsal.twins] if rehearsal else []


def _staff(request: HttpRequest) -> Staff:
    """Who is signed in: nobody else gets here."""
    return cast(Staff, request.user)


_DOORS = ("totals", "places", "receivers", "receiver", "locations", "goods")


def _url_name(door: str) -> str:
    return f"invoicing_invoice_form_{door}"


def _provider_of(tenant: Tenant | None) -> dict[str, Any]:
    """What the page says of the tenant's provider."""
    if tenant is None:
        return {"takes_detractions": False, "provider_name": ""}
    spec = provider_spec(tenant)
    return {"takes_detractions": takes_detractions(spec.operations), "provider_name": spec.name}


def _title(document: Document | None, law: FormLaw) -> str:
    if document is None:
        return str(law.new_title)
    if document.number or document.external_id:
        return _("Editar {document}").format(document=document)
    return _("Editar borrador de factura")


def _tenant_of(request: HttpRequest) -> Tenant:
    tenant = find_offered(_staff(request), request.GET.get("tenant", ""))
    if tenant is None:
        raise Http404
    return tenant


def _unknown_tenant() -> RuleBroken:
    return RuleBroken("unknown_tenant", _("No hay ninguna empresa así a su alcance: elija otra."), "tenant")


def _is_proforma(forms: InvoiceForms, wants_issue: bool) -> bool:
    """A proforma is kept, whichever button was pressed: it is never sent by surprise."""
    return wants_issue and forms.head.value("mode") == Mode.PROFORM


def _worked_over(request: HttpRequest, tenant: Tenant | None, law: FormLaw) -> tuple[QueryDict, str]:
    """What was posted after the buttons inside the form, and what one of them has to say."""
    posted = request.POST
    for part in ("lines", "payments", "instalments"):
        if f"_add_{part}" in posted:
            return with_one_more(posted, part, law.new_line), ""
    if "_complete" in posted:
        forms = InvoiceForms(_staff(request), data=posted, tenant=tenant)
        return with_completed(posted, forms, posted["_complete"]), ""
    if "_split" in posted:
        return with_instalments(posted, InvoiceForms(_staff(request), data=posted, tenant=tenant))
    return posted, ""
