"""Each step as a page: what it asks, what it shows, and what it hands to the service.

The doors see to rights, versions and refusals; here is only what differs from step to step.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from cifras.core.rights import may
from cifras.core.wording import as_received
from cifras.fiscal.zones import written
from cifras.pac.contract import Capability
from tenants.admin.badges import affiliation_badge, registration_badge
from tenants.admin.wizard.evidence import company_rows, face_of, our_dv, their_answer
from tenants.admin.wizard.fields import StepForm
from tenants.admin.wizard.forms import (
    CertificateForm,
    CompanyForm,
    CreateForm,
    HolderForm,
    NoForm,
    OverrideForm,
    RegisterForm,
    TaxIdForm,
)
from tenants.admin.wizard.office_forms import OfficesForm, blank_row, initial_rows
from tenants.admin.wizard.office_words import office_words
from tenants.admin.wizard.visit import Visit
from tenants.models import Office, TaxIdCheck, Tenant
from tenants.services.accounts import provider_spec
from tenants.services.custody import is_holder_open
from tenants.services.customer_links import LASTS, code_image, customer_path
from tenants.services.pending import blocking_steps
from tenants.services.tax_ids import OVERRIDE

_COMPANY = ("legal_name", "trade_name", "email", "contact_name", "contact_telephone", "logo_url")
_SENT_NAMES = ("legal_name", "trade_name", "logo_url")


class StepPage:
    """A step that only takes a press. `live_template` follows by itself; `goes_on`: once done, the next question comes."""

    template = ""
    live_template = ""
    goes_on = False
    keeps_draft = False

    def form(self, visit: Visit) -> Any:
        """What is asked: bound where something was posted."""
        return NoForm(visit.data)

    def inputs(self, visit: Visit, form: Any) -> dict[str, Any]:
        """What the service gets."""
        return {}

    def context(self, visit: Visit, form: Any) -> dict[str, Any]:
        """What the template shows beside the form."""
        return {}

    def typed(self, form: Any) -> dict[str, Any]:
        """What stands in the form as it was typed, for a draft."""
        return {name: str(form[name].value() or "") for name in form.fields}


class TaxIdPage(StepPage, ABC):
    """The company's tax id, and what the provider's register says; who may, keeps it against that answer with a reason."""

    keeps_draft = True

    def form(self, visit: Visit) -> StepForm:
        if visit.data is not None and "_override" in visit.data:
            return OverrideForm(visit.data)
        return self._tax_id(visit, visit.data)

    def inputs(self, visit: Visit, form: StepForm) -> dict[str, Any]:
        return dict(form.cleaned_data)

    def context(self, visit: Visit, form: StepForm) -> dict[str, Any]:
        tenant = visit.tenant
        known = {name: getattr(tenant, name) for name in ("country", "environment", "ruc")}
        check = TaxIdCheck.objects.filter(**known, contributor=tenant.ruc_type).first()
        is_contested = bool(check and self.contests(tenant, check))
        return {
            "tax_id_form": self._tax_id(visit, None) if isinstance(form, OverrideForm) else form,
            "override_form": form if isinstance(form, OverrideForm) else OverrideForm(),
            "asks_override": is_contested and not visit.is_sent and not is_kept(visit),
            "may_override": may(visit.staff, OVERRIDE),
            **self.answers(tenant, check),
        }

    @abstractmethod
    def contests(self, tenant: Tenant, check: TaxIdCheck) -> bool:
        """Whether the register's answer stands against what was typed."""

    @abstractmethod
    def answers(self, tenant: Tenant, check: TaxIdCheck | None) -> dict[str, Any]:
        """Both answers, as the template shows them."""

    @abstractmethod
    def _tax_id(self, visit: Visit, data: Mapping[str, Any] | None) -> StepForm:
        """The form with what is known."""


class RucPage(TaxIdPage):
    """Our DV and the provider's, side by side."""

    template = "onboarding/steps/ruc.html"

    def contests(self, tenant: Tenant, check: TaxIdCheck) -> bool:
        return check.is_known and check.dv != tenant.dv

    def answers(self, tenant: Tenant, check: TaxIdCheck | None) -> dict[str, Any]:
        return {
            "ours": our_dv(tenant),
            "theirs": their_answer(tenant, check) if check else None,
            "dv_address": reverse("admin:tenants_tenant_onboard_dv"),
        }

    def _tax_id(self, visit: Visit, data: Mapping[str, Any] | None) -> TaxIdForm:
        known = {name: getattr(visit.tenant, name) for name in ("ruc_type", "ruc", "dv")}
        form = TaxIdForm(data, initial=known | dict(visit.draft.values if visit.draft else {}))
        fix(form, form.fields if visit.is_sent else (), known)
        return form


class CompanyPage(StepPage):
    """Names, logo, contact."""

    template = "onboarding/steps/company.html"
    goes_on = True
    keeps_draft = True

    def form(self, visit: Visit) -> CompanyForm:
        known = {name: getattr(visit.tenant, name) for name in _COMPANY}
        initial = known | dict(visit.draft.values if visit.draft else {})
        files = visit.request.FILES if visit.data is not None else None
        form = CompanyForm(visit.data, files, initial=initial, too_large=visit.too_large)
        fix(form, _SENT_NAMES if visit.is_sent else (), known)
        if not visit.tenant.logo:
            del form.fields["drops_logo"]
        return form

    def inputs(self, visit: Visit, form: CompanyForm) -> dict[str, Any]:
        given = {name: form.cleaned_data[name] for name in _COMPANY}
        return {
            **given,
            "logo": form.content("logo"),
            "drops_logo": bool(form.cleaned_data.get("drops_logo")),
            "looks_at_logo": given["logo_url"] != visit.tenant.logo_url,
        }

    def context(self, visit: Visit, form: CompanyForm) -> dict[str, Any]:
        has_logo = bool(visit.tenant.logo)
        address = (
            reverse("admin:tenants_tenant_onboard_logo", args=[visit.onboarding.uid]) if has_logo else ""
        )
        return {"logo_address": address}

    def typed(self, form: CompanyForm) -> dict[str, Any]:
        return {name: str(form[name].value() or "") for name in _COMPANY}


class CertificatePage(StepPage):
    """The upload, then what of it may be shown; in between, perhaps, who the holder is."""

    template = "onboarding/steps/certificate.html"

    def form(self, visit: Visit) -> StepForm:
        if visit.data is not None and "_holder" in visit.data:
            return HolderForm(visit.data)
        files = visit.request.FILES if visit.data is not None else None
        return CertificateForm(visit.data, files, too_large=visit.too_large)

    def inputs(self, visit: Visit, form: StepForm) -> dict[str, Any]:
        if not isinstance(form, CertificateForm):
            return dict(form.cleaned_data)
        return {
            "certificate": form.content("certificate"),
            "password": form.cleaned_data["password"],
            "authentication_certificate": form.content("authentication_certificate"),
            "authentication_password": form.cleaned_data["authentication_password"],
            "holder_confirmed": False,
        }

    def context(self, visit: Visit, form: StepForm) -> dict[str, Any]:
        is_open = is_holder_open(visit.onboarding) and not visit.is_sent
        return {
            "upload_form": form if isinstance(form, CertificateForm) else CertificateForm(),
            "holder_form": form if isinstance(form, HolderForm) else HolderForm(),
            "holder_says": visit.onboarding.data.get("holder_open", []) if is_open else [],
            "faces": [face_of(row) for row in visit.tenant.certificates.all() if row.replaced_at is None],
            "takes_upload": not visit.is_sent,
            "change_address": _where_to_change(visit.tenant),
        }


class CreatePage(StepPage):
    """What will be sent, and what became of it."""

    template = "onboarding/steps/create_company.html"

    def form(self, visit: Visit) -> CreateForm:
        form = CreateForm(visit.data)
        if not visit.onboarding.company_unknown:
            del form.fields["absent_because"]
        return form

    def inputs(self, visit: Visit, form: CreateForm) -> dict[str, Any]:
        return {name: value for name, value in form.cleaned_data.items() if value}

    def context(self, visit: Visit, form: CreateForm) -> dict[str, Any]:
        tenant = visit.tenant
        spec = provider_spec(tenant)
        return {
            "rows": list(company_rows(tenant)),
            "provider": spec.name,
            "is_unknown": visit.onboarding.company_unknown,
            "opens_details": any(form.errors.get(name) for name in form.fields),
        }


class AffiliationPage(StepPage):
    """The code that the customer scans, and the provider's word, which changes by itself."""

    template = ""
    live_template = "onboarding/steps/affiliation.html"

    def context(self, visit: Visit, form: StepForm) -> dict[str, Any]:
        onboarding, tenant = visit.onboarding, visit.tenant
        image = "" if tenant.may_issue_live else code_image(onboarding)
        read_at = onboarding.qr_read_at
        return {
            "is_request": visit.step.name == "request_affiliation",
            "image": image,
            "code": "" if tenant.may_issue_live else as_received(onboarding.qr, 1000),
            "made_at": read_at if image else None,
            "made": written(read_at) if read_at else "",
            "is_old": bool(read_at and timezone.now() - read_at > timedelta(days=1)),
            "link": visit.request.build_absolute_uri(customer_path(onboarding)) if image else "",
            "link_days": LASTS.days,
            "word": affiliation_badge(tenant),
            "read": written(tenant.affiliation_read_at) if tenant.affiliation_read_at else "",
            "was_requested": bool(onboarding.qr or tenant.affiliated),
        }


class OfficesPage(StepPage):
    """The offices with their billing points."""

    template = "onboarding/steps/offices.html"
    goes_on = True
    keeps_draft = True

    def form(self, visit: Visit) -> OfficesForm:
        data = visit.data
        if data is None:
            return OfficesForm(visit.tenant, initial=initial_rows(visit.tenant, visit.draft))
        form = OfficesForm(visit.tenant, data)
        wanted = str(data.get("_add", ""))
        return (
            OfficesForm(visit.tenant, initial=_with_another(form, wanted, visit.tenant)) if wanted else form
        )

    def inputs(self, visit: Visit, form: OfficesForm) -> dict[str, Any]:
        return {"offices": form.entries()}

    def context(self, visit: Visit, form: OfficesForm) -> dict[str, Any]:
        return {
            "words": office_words(visit.tenant),
            "locked": [office for office in visit.tenant.offices.all() if _is_locked(office)],
            "places_address": reverse("admin:tenants_tenant_onboard_places"),
        }

    def typed(self, form: OfficesForm) -> dict[str, Any]:
        return {"offices": form.typed()}


class RegisterPage(StepPage):
    """Each office with what the provider knows of it."""

    template = "onboarding/steps/register_offices.html"

    def form(self, visit: Visit) -> RegisterForm:
        form = RegisterForm(visit.data)
        if not _in_doubt(visit.tenant):
            del form.fields["absent_because"]
        return form

    def inputs(self, visit: Visit, form: RegisterForm) -> dict[str, Any]:
        return {name: value for name, value in form.cleaned_data.items() if value}

    def context(self, visit: Visit, form: RegisterForm) -> dict[str, Any]:
        offices = _open_offices(visit.tenant)
        return {
            "offices": [(office, registration_badge(office)) for office in offices],
            "words": office_words(visit.tenant),
            "is_unknown": _in_doubt(visit.tenant),
            "is_done": all(office.registration == Office.Registration.DONE for office in offices),
        }


class ActivatePage(StepPage):
    """Everything at a glance."""

    template = "onboarding/steps/activate.html"

    def context(self, visit: Visit, form: StepForm) -> dict[str, Any]:
        tenant = visit.tenant
        blocking = {each.step for each in blocking_steps(tenant)}
        return {
            "is_active": tenant.state != Tenant.State.ONBOARDING,
            "pending": [row for row in visit.steps if row.reasons and row.name != "activate"],
            "blocking": [row for row in visit.steps if row.name in blocking],
            "company_rows": list(company_rows(tenant)),
            "word": affiliation_badge(tenant),
            "offices": [(office, registration_badge(office)) for office in _open_offices(tenant)],
            "words": office_words(tenant),
            "tenant_address": reverse("admin:tenants_tenant_change", args=[tenant.uid]),
            "may_view_tenant": may(visit.staff, "tenants.view_tenant"),
            "has_affiliation": provider_spec(tenant).can(Capability.ONBOARD),
            "may_write": may(visit.staff, "invoicing.add_invoice"),
        }


def fix(form: StepForm, names: Any, known: Mapping[str, Any]) -> None:
    """Fields that may not be changed any more show what is known."""
    for name in names:
        form.fields[name].disabled = True
        form.initial[name] = known[name]


def _where_to_change(tenant: Tenant) -> str:
    """The page that gives the provider another certificate; empty where it takes none, or has no company yet."""
    takes_another = provider_spec(tenant).can(Capability.REPLACE_CERTIFICATE)
    if not (tenant.pac_company_id and takes_another):
        return ""
    return reverse("admin:tenants_tenant_certificate", args=[tenant.uid])


def is_kept(visit: Visit) -> bool:
    """Whether somebody has overridden the provider's DV already."""
    entry = visit.onboarding.steps.get("ruc", {})
    return any(note["code"] in {"dv_kept", "ruc_kept"} for note in entry.get("notes", ()))


def _with_another(form: OfficesForm, wanted: str, tenant: Tenant) -> list[dict[str, Any]]:
    """What was typed with one more office, or one more point in the office with the prefix `wanted`."""
    rows = form.typed()
    if wanted == "office":
        return [*rows, blank_row(tenant)]
    point = {"code": "", "first_number": "1"}
    return [
        {**row, "points": [*row["points"], point]} if office.prefix == wanted else row
        for office, row in zip(form.rows, rows, strict=True)
    ]


def _open_offices(tenant: Tenant) -> list[Office]:
    rows = [office for office in tenant.offices.all() if office.closed_at is None]
    return sorted(rows, key=lambda office: (office.type != Office.Type.MAIN, office.code))


def _in_doubt(tenant: Tenant) -> bool:
    return any(office.registration == Office.Registration.UNKNOWN for office in _open_offices(tenant))


def _is_locked(office: Office) -> bool:
    return office.registration != Office.Registration.PENDING
