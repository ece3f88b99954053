"""What each step asks, save the offices."""

from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from cifras.core.wording import sentence
from cifras.fiscal.errors import CannotVerifyLocally, RuleBroken
from cifras.fiscal.ruc import panama as ruc_rules
from tenants.admin.wizard.fields import (
    StepForm,
    UploadForm,
    radios,
    reason,
    secret,
    select,
    text,
    tick,
    upload,
)
from tenants.models import Tenant
from tenants.services.accounts import provider_spec
from tenants.services.logos import LARGEST_BYTES
from tenants.services.pkcs12_costs import LONGEST_FILE_BYTES
from tenants.services.providers import ways_in

_PASSWORDS = {"certificate": "password", "authentication_certificate": "authentication_password"}
P12_TYPES = ".p12,.pfx,application/x-pkcs12"


def local_dv(ruc: str, ruc_type: str) -> str:
    """The DV by the DGI's formula, nobody asked. Raises RuleBroken; CannotVerifyLocally where the law leaves it open."""
    return ruc_rules.check_digit(ruc, ruc_type)


class TaxIdForm(StepForm):
    """Who it is. An empty DV is computed; one that is typed is compared."""

    ruc_type = radios(
        gettext_lazy("Tipo de contribuyente"), Tenant.TaxIdType.choices, Tenant.TaxIdType.JURIDICO.value
    )
    ruc = text(
        gettext_lazy("RUC"),
        gettext_lazy(
            "Con guiones y sin el DV, como 155596713-2-2015 o 8-274-125; en el Perú, las once cifras."
        ),
        longest=40,
        spellcheck="false",
    )
    dv = text(
        gettext_lazy("DV"),
        gettext_lazy("Vacío: se calcula. Si se escribe, se compara con la fórmula de la DGI."),
        longest=2,
        required=False,
        inputmode="numeric",
    )
    members = {"contributor": "ruc_type"}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("country", Tenant.Country.PANAMA) != Tenant.Country.PANAMA:
            return {**cleaned, "ruc_type": "", "dv": ""}
        if cleaned.get("ruc") and cleaned.get("ruc_type"):
            try:
                expected = local_dv(cleaned["ruc"], cleaned["ruc_type"])
                cleaned["dv"] = cleaned.get("dv") or expected
            except CannotVerifyLocally as reason_why:
                if not cleaned.get("dv"):
                    self.add_error("dv", sentence(reason_why))
            except RuleBroken as refusal:
                self.refuse(refusal)
        return cleaned


class PeruTaxIdForm(StepForm):
    """Who it is in Peru: the last digit checks the others, so there is no DV to ask for."""

    ruc = text(
        gettext_lazy("RUC"),
        gettext_lazy("Once cifras; la última comprueba las demás."),
        longest=40,
        spellcheck="false",
        inputmode="numeric",
    )


class StartForm(TaxIdForm):
    """A new onboarding. In Peru the RUC says it all: neither kind of taxpayer nor DV is asked."""

    country = select(gettext_lazy("País"), Tenant.Country.choices)
    pac_provider = select(gettext_lazy("Proveedor (PAC)"), ())
    environment = radios(
        gettext_lazy("Ambiente"),
        Tenant.Environment.choices,
        Tenant.Environment.SANDBOX.value,
        gettext_lazy("En pruebas nada tiene validez legal; después se promueve a producción."),
    )
    field_order = ("country", "pac_provider", "environment", "ruc_type", "ruc", "dv")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ruc_type"].required = False  # Panama's own; the reading of the request asks for it there
        provider: Any = self.fields["pac_provider"]
        specs = [provider_spec(key) for key in ways_in()]
        provider.choices = [
            (label, [(spec.key, spec.name) for spec in specs if spec.country == country])
            for country, label in Tenant.Country.choices
        ]


class OverrideForm(StepForm):
    """Why a DV that the provider contradicts is kept."""

    override_reason = reason(
        gettext_lazy("Por qué se conserva el DV"),
        gettext_lazy("Al menos 15 caracteres; queda en la auditoría con su nombre."),
        required=True,
    )


class CompanyForm(UploadForm):
    """How the company is called, and how to reach it."""

    legal_name = text(
        gettext_lazy("Razón social"), gettext_lazy("Como consta en el aviso de operación."), longest=200
    )
    trade_name = text(
        gettext_lazy("Nombre comercial"),
        gettext_lazy("El que se imprime en las facturas. Vacío: la razón social."),
        longest=200,
        required=False,
    )
    email = text(gettext_lazy("Correo de la empresa"), longest=254, required=False, kind="email")
    contact_name = text(gettext_lazy("Persona de contacto"), longest=120, required=False)
    contact_telephone = text(gettext_lazy("Teléfono de contacto"), longest=30, required=False, kind="tel")
    logo = upload(
        gettext_lazy("Logo: archivo"),
        gettext_lazy("PNG o JPEG, hasta 1 MiB. Se guarda aquí, para lo que imprime Cifras."),
        accept="image/png,image/jpeg",
        required=False,
    )
    drops_logo = tick(gettext_lazy("Quitar el logo guardado"))
    logo_url = text(
        gettext_lazy("Logo: dirección pública"),
        gettext_lazy("Empieza con https:// y es la que recibe el PAC. Si no se puede abrir, se avisa."),
        longest=200,
        required=False,
        kind="url",
        placeholder="https://",
    )

    too_large_text = format_lazy(
        gettext_lazy("El logo pasa de {limit} KiB: suba uno más liviano."), limit=LARGEST_BYTES // 1024
    )


class CertificateForm(UploadForm):
    """One .p12, or two. Neither file nor password is ever shown again."""

    certificate = upload(
        gettext_lazy("Certificado de firma"),
        gettext_lazy("El archivo .p12 o .pfx, hasta 64 KiB. Se abre en memoria y no se guarda en disco."),
        accept=P12_TYPES,
    )
    password = secret(gettext_lazy("Contraseña del certificado"))
    authentication_certificate = upload(
        gettext_lazy("Certificado de autenticación"),
        gettext_lazy("Solo si la autoridad entregó dos archivos."),
        accept=P12_TYPES,
        required=False,
    )
    authentication_password = secret(
        gettext_lazy("Contraseña del certificado de autenticación"), required=False
    )

    def field_for(self, reason: RuleBroken) -> str:
        """A password that does not open its file stands at the password."""
        name = super().field_for(reason)
        return _PASSWORDS.get(name, name) if reason.code == "certificate_wrong_password" else name

    too_large_text = format_lazy(
        gettext_lazy(
            "El archivo pasa de {limit} KiB: un certificado .p12 es mucho menor. Revise cuál eligió."
        ),
        limit=LONGEST_FILE_BYTES // 1024,
    )


class HolderForm(StepForm):
    """The certificate names a person, or nobody."""

    holder_confirmed = tick(
        gettext_lazy("Confirmo que quien figura en el certificado representa a la empresa."), required=True
    )


class CreateForm(StepForm):
    """Nothing as a rule; what a person found on the provider's own pages where the answer was lost."""

    company_id = text(
        gettext_lazy("Identificador en el PAC"),
        gettext_lazy("Si la empresa ya existe allí: cópielo del portal del PAC."),
        longest=255,
        required=False,
        spellcheck="false",
    )
    absent_because = reason(
        gettext_lazy("Cómo se comprobó que no existe en el PAC"),
        gettext_lazy("Permite pedirla otra vez sin esperar. Al menos 15 caracteres; queda en la auditoría."),
    )


class RegisterForm(StepForm):
    """Nothing as a rule; how it is known that an office in doubt is not at the provider."""

    absent_because = reason(
        gettext_lazy("Cómo se comprobó que la sucursal no existe en el PAC"),
        gettext_lazy("Permite pedirla otra vez sin esperar. Al menos 15 caracteres; queda en la auditoría."),
    )


class NoForm(StepForm):
    """A step that only takes a press."""
