"""A company's turning points: its RUC asked about again, its promotion to the real thing, its end."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cifras.core.wording import sentence
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.zones import written
from cifras.pac.errors import PacError
from tenants.access import tenants_for
from tenants.admin.act_page import Act, ActPageMixin
from tenants.admin.actors import actor_of
from tenants.admin.wizard.fields import StepForm, reason, text
from tenants.admin.wizard.frame import step_address
from tenants.models import Tenant
from tenants.services import close_tenant, promote_tenant, promotion_plan, verify_ruc
from tenants.services.floors_above import obligations
from tenants.services.tax_ids import TaxIdResult

ONBOARD, CLOSE = "tenants.onboard_tenant", "tenants.close_tenant"


class CloseForm(StepForm):
    """Why, and who goes on instead."""

    reason = reason(
        gettext_lazy("Motivo"), gettext_lazy("Al menos 15 caracteres; queda en la auditoría."), required=True
    )
    successor = text(
        gettext_lazy("RUC de la sucesora (opcional)"),
        gettext_lazy("La empresa que sigue emitiendo en su lugar, del mismo ambiente."),
        longest=40,
        required=False,
        spellcheck="false",
    )

    def __init__(self, *args: Any, choices: QuerySet[Tenant], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choices = choices

    def clean_successor(self) -> Tenant | None:
        ruc = self.cleaned_data["successor"].strip()
        if not ruc:
            return None
        found = list(self.choices.filter(ruc=ruc)[:2])
        if len(found) != 1:
            raise forms.ValidationError(
                _("No hay una empresa abierta de este ambiente con ese RUC, o hay varias.")
            )
        return found[0]


def has_dv(tenant: Tenant) -> bool:
    """Whether the RUC has a DV of its own to be verified; in Peru its last digit is that."""
    return tenant.country == Tenant.Country.PANAMA


class LifePagesMixin(ActPageMixin):
    """Ask about the RUC, promote, close."""

    def tax_id_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Our DV beside the provider's. Only the press of the button asks the provider."""
        tenant = self.permitted(request, object_id, ONBOARD)
        if not has_dv(tenant):
            raise Http404
        answer: dict[str, Any] = {}
        if request.method == "POST":
            answer = self._asked(tenant, request)
        act = Act(
            title=_("Verificar el RUC"),
            submit=_("Preguntar al PAC"),
            facts=[
                (_("RUC"), tenant.ruc),
                (_("DV registrado"), tenant.dv or "—"),
                (_("Tipo de contribuyente"), tenant.get_ruc_type_display()),
            ],
            template="admin/tenants/act/tax_id.html",
            more=answer | {"local": _local(tenant)},
        )
        return self.act_page(request, tenant, act, StepForm())

    def promote_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What goes along to the live twin, what does not, what will be pending there."""
        tenant = self.permitted(request, object_id, ONBOARD)
        form = StepForm(request.POST if request.method == "POST" else None)
        try:
            plan = promotion_plan(tenant)
            if request.method == "POST":
                onboarding = promote_tenant(tenant, actor=actor_of(request))
                return HttpResponseRedirect(step_address(onboarding, "certificate"))
        except RuleBroken as refusal:
            form = StepForm({})
            form.is_valid()
            form.refuse(refusal)
            return self.act_page(request, tenant, Act(title=_("Promover a producción")), form)
        twin = plan.twin
        is_seen = twin is not None and tenants_for(request.user).filter(pk=twin.pk).exists()
        act = Act(
            title=_("Promover a producción"),
            submit=_("Abrir su habilitación") if twin else _("Promover a producción"),
            warnings=[_("Ya existe en producción: se retoma como está y solo se añade lo que le falta.")]
            if twin
            else [],
            template="admin/tenants/act/promotion.html",
            more={"plan": plan, "twin_address": self.address_of(twin) if twin and is_seen else ""},
        )
        return self.act_page(request, tenant, act, form)

    def close_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The end: what is in the way of it, all at once, and what it means."""
        tenant = self.permitted(request, object_id, CLOSE)
        form = CloseForm(
            request.POST if request.method == "POST" else None,
            choices=tenants_for(request.user)
            .filter(environment=tenant.environment)
            .exclude(pk=tenant.pk)
            .exclude(state=Tenant.State.CLOSED),
        )
        if form.is_valid():
            try:
                close_tenant(
                    tenant,
                    reason=form.cleaned_data["reason"],
                    successor=form.cleaned_data["successor"],
                    actor=actor_of(request),
                )
                return self.act_done(request, tenant, _("La empresa quedó cerrada."))
            except RuleBroken as refusal:
                form.refuse(refusal)
        in_the_way = [sentence(each) for each in obligations(tenant)]
        is_closed = tenant.state == Tenant.State.CLOSED
        act = Act(
            title=_("Cerrar la empresa"),
            submit="" if in_the_way or is_closed else _("Cerrar la empresa"),
            variant="danger",
            facts=[(_("Estado"), tenant.get_state_display()), (_("RUC"), tenant.ruc)],
            warnings=[*in_the_way, *([_("La empresa ya está cerrada.")] if is_closed else [])],
            consequences=[
                _("Nunca más se emite nada con ella: no se puede reabrir."),
                _(
                    "Lo emitido se conserva: se consulta, se anula dentro del plazo y sigue recibiendo noticias."
                ),
            ],
        )
        return self.act_page(request, tenant, act, form)

    def _asked(self, tenant: Tenant, request: HttpRequest) -> dict[str, Any]:
        """What the provider said, or why it said nothing."""
        try:
            result = verify_ruc(
                tenant.ruc,
                tenant.ruc_type,
                actor=actor_of(request),
                environment=tenant.environment,
                tenant=tenant,
                refresh=True,
            )
        except (RuleBroken, PacError) as refusal:
            return {"refusal": sentence(refusal)}
        return {
            "asked": result,
            "asked_at": written(result.checked_at),
            "warning": sentence(result.warning) if result.warning else "",
            "differs": result.dv != tenant.dv,
        }


def _local(tenant: Tenant) -> dict[str, str]:
    """Our own answer, without asking anybody."""
    try:
        result: TaxIdResult = verify_ruc(
            tenant.ruc, tenant.ruc_type, actor=None, environment=tenant.environment, offline=True
        )
    except RuleBroken as refusal:
        return {"dv": "—", "note": sentence(refusal)}
    return {"dv": result.local_dv, "note": ""}
