"""Another certificate for a company: uploaded, its holder confirmed where it has to be, sent to the provider."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from cifras.core.sign_in.step_up import require_fresh
from cifras.core.wording import sentence, sentences
from cifras.fiscal.errors import RuleBroken
from cifras.fiscal.zones import written
from cifras.pac.contract import Capability
from cifras.pac.errors import PacError
from tenants.admin.act_page import Act, ActPageMixin
from tenants.admin.actors import actor_of
from tenants.admin.badges import expiry
from tenants.admin.wizard.forms import CertificateForm
from tenants.models import Tenant
from tenants.services import abandon_rotation, rotate_certificate, rotation_of, send_certificate
from tenants.services.accounts import provider_spec
from tenants.services.rotation import Rotation

_CHANGE_RIGHT = "tenants.onboard_tenant"


def may_change_certificate(tenant: Tenant) -> bool:
    """Whether the provider has the company, and takes another certificate for it."""
    is_there = bool(tenant.pac_company_id) and tenant.state != Tenant.State.CLOSED
    return is_there and provider_spec(tenant).can(Capability.REPLACE_CERTIFICATE)


class CertificateChangeMixin(ActPageMixin):
    """Upload; confirm and send; send again after a lost answer; give up."""

    def certificate_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What is in use, what waits, and the form for another."""
        tenant = self.permitted(request, object_id, _CHANGE_RIGHT)
        deed = request.POST.get("act", "") if request.method == "POST" else ""
        form = CertificateForm(
            request.POST if deed == "upload" else None,
            request.FILES if deed == "upload" else None,
            too_large=request.__dict__.get("too_large", frozenset()),
        )
        is_done = (
            self._uploaded(request, tenant, form)
            if deed == "upload"
            else self._pressed(request, deed, tenant)
        )
        if is_done:
            return self.act_done(
                request, tenant, _("El PAC tiene el certificado nuevo; el anterior queda en el historial.")
            )
        self.forget_objects(request)
        return self._certificate_page(request, self.require_object(request, object_id), form)

    def _uploaded(self, request: HttpRequest, tenant: Tenant, form: CertificateForm) -> bool:
        if not form.is_valid():
            return False
        require_fresh(request)
        try:
            is_sent = rotate_certificate(
                tenant,
                signature=(form.content("certificate"), form.cleaned_data["password"]),
                authentication=(
                    form.content("authentication_certificate"),
                    form.cleaned_data["authentication_password"],
                ),
                actor=actor_of(request),
            )
        except (RuleBroken, PacError) as refusal:
            form.refuse(refusal)
            return False
        if not is_sent:
            messages.warning(request, _("Falta confirmar al titular: revíselo y envíe el certificado."))
        return is_sent

    def _pressed(self, request: HttpRequest, deed: str, tenant: Tenant) -> bool:
        try:
            if deed == "send":
                require_fresh(request)
                send_certificate(tenant, actor=actor_of(request))
                return True
            if deed == "abandon":
                abandon_rotation(tenant, actor=actor_of(request))
                messages.success(
                    request, _("El certificado que esperaba se borró: sigue en uso el anterior.")
                )
        except (RuleBroken, PacError) as refusal:
            for text in sentences(refusal):
                messages.error(request, text)
        return False

    def _certificate_page(self, request: HttpRequest, tenant: Any, form: CertificateForm) -> HttpResponse:
        waiting = rotation_of(tenant)
        current = [row for row in tenant.certificates.all() if row.replaced_at is None]
        may_change = may_change_certificate(tenant)
        act = Act(
            title=_("Cambiar el certificado"),
            submit=_("Comprobar y enviar") if may_change else "",
            value="upload",
            takes_files=True,
            facts=[(row.get_purpose_display(), expiry(row)) for row in current],
            warnings=_warnings(waiting, may_change=may_change),
            consequences=[
                _("Se comprueba aquí como en la habilitación y se envía cifrado al PAC."),
                _("El anterior sigue en uso hasta que el PAC acepte el nuevo."),
                _("El archivo y su contraseña se borran en cuanto el PAC los tiene."),
            ],
            template="admin/tenants/act/waiting_certificate.html" if waiting else "",
            more={"waiting": waiting, "waiting_rows": _rows(waiting)},
        )
        return self.act_page(request, tenant, act, form)


def _rows(waiting: Rotation | None) -> list[tuple[str, str, str]]:
    if waiting is None:
        return []
    return [
        (str(purpose.label), face.subject, written(face.not_after)) for purpose, face in waiting.faces.items()
    ]


def _warnings(waiting: Rotation | None, *, may_change: bool) -> list[str]:
    if not may_change:
        return [_("La empresa aún no existe en el PAC, o este PAC no recibe otro certificado.")]
    if waiting is None:
        return []
    found = [sentence(note) for note in waiting.said]
    if waiting.is_in_doubt:
        found.append(
            _(
                "No se sabe si el PAC ya tiene el certificado que se envió. Envíelo otra vez: si ya lo tenía, nada cambia."
            )
        )
    return found
