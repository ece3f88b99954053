"""What the tests are about: tenants that exist at the practice PAC, staff, and documents as JSON.

`a_tenant` registers the company and its office at the sandbox over its socket, as the onboarding does in the end.
"""

import itertools
from typing import Any

from django.contrib.auth.models import Permission

from cifras.core.models import Staff
from cifras.fiscal.ruc import panama as ruc
from cifras.pac.contract import CompanyProfile, OfficeProfile
from tenants.models import BillingPoint, Office, StaffGrant, Tenant
from tenants.services.accounts import provider_for

_serial = itertools.count(1)


def next_ruc() -> str:
    """Another juridical RUC, whose DV is not 00: that one is always wrong."""
    numbers = (f"{155_600_000 + each}-2-2015" for each in _serial)
    return next(each for each in numbers if ruc.check_digit(each, "JURIDICO") != "00")


def a_tenant(**changes: Any) -> Tenant:
    """An active sandbox tenant that the PAC of the settings knows, with its main office and point 001."""
    number = changes.pop("ruc", None) or next_ruc()
    values = {
        "ruc": number,
        "ruc_type": "JURIDICO",
        "dv": ruc.check_digit(number, "JURIDICO"),
        "legal_name": f"Comercial {number}, S.A.",
        "trade_name": f"Comercial {number}",
        "state": Tenant.State.ACTIVE,
        "environment": Tenant.Environment.SANDBOX,
        **changes,
    }
    tenant = Tenant.objects.create(**values)
    provider = provider_for(tenant)
    profile = CompanyProfile(
        ruc=tenant.ruc,
        contributor=tenant.ruc_type,
        dv=tenant.dv,
        legal_name=tenant.legal_name,
        trade_name=tenant.trade_name,
        certificate=b"not a real certificate",
        certificate_password="-",
    )
    tenant.pac_company_id = provider.create_company(profile).company_id
    provider.request_affiliation(tenant.pac_company_id)
    tenant.affiliated = provider.finish_affiliation(tenant.pac_company_id).affiliated
    tenant.may_issue_live = True
    tenant.save()
    an_office(tenant)
    return tenant


def an_office(tenant: Tenant, code: str = "0001", **changes: Any) -> Office:
    """An office registered at the PAC, with billing point 001."""
    is_main = not tenant.offices.exists()
    values = {
        "address": "Vía España, edificio 12",
        "telephone": "200-0000",
        "coordinates": "+9.0017832,-79.5275519",
        "location": "8-8-7",
        **changes,
    }
    state = provider_for(tenant).create_office(
        tenant.pac_company_id or "", OfficeProfile(code=code, is_main=is_main, **values)
    )
    office = Office.objects.create(
        tenant=tenant,
        code=code,
        type=Office.Type.MAIN if is_main else Office.Type.ASSOCIATED,
        pac_office_id=state.office_id,
        registration=Office.Registration.DONE,
        **values,
    )
    BillingPoint.objects.create(office=office, code="001")
    return office


def a_staff_member(*tenants: Tenant, permissions: tuple[str, ...] = (), **changes: Any) -> Staff:
    """Somebody of the staff who may see `tenants` and holds `permissions` ("app.codename")."""
    serial = next(_serial)
    person = Staff.objects.create_user(
        username=changes.pop("username", f"persona{serial}"),
        email=f"persona{serial}@cifras.test",
        password="una-frase-larga-de-prueba",
        is_staff=True,
        **changes,
    )
    for tenant in tenants:
        StaffGrant.objects.create(staff=person, tenant=tenant)
    for name in permissions:
        app, codename = name.split(".")
        person.user_permissions.add(_permission(app, codename))
    return person


def an_administrator(**changes: Any) -> Staff:
    """Somebody who may see and do everything."""
    return a_staff_member(is_superuser=True, **changes)


def contribuyente(**changes: Any) -> dict[str, Any]:
    """A company that pays taxes, as a receiver."""
    return {
        "type": "CONTRIBUYENTE",
        "contributor": "JURIDICO",
        "ruc": "155596713-2-2015",
        "dv": "59",
        "name": "Comercial Ejemplo Uno, S.A.",
        "address": "Calle Ficticia 10, Edificio Muestra",
        "location": "8-8-7",
        "country": "PA",
        "telephones": ["200-0001"],
        "emails": ["pagos@ejemplo-uno.test"],
        **changes,
    }


def line(**changes: Any) -> dict[str, Any]:
    """Two consulting hours at 150.00 with 7 % ITBMS: 321.00 in all."""
    return {
        "description": "Servicio de consultoría",
        "quantity": "2",
        "unit_price": "150.00",
        "tax_rate": "7",
        **changes,
    }


def invoice_json(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    """A cash invoice for 321.00 to a contribuyente, as JSON."""
    return {
        "tenant": tenant.pac_company_id or str(tenant.uid),
        "kind": "INVOICE",
        "mode": "DGI",
        "external_id": f"SO-{next(_serial)}",
        "office": "0001",
        "billing_point": "001",
        "receiver": contribuyente(),
        "lines": [line()],
        "payment_time": "CASH",
        "payments": [{"method": "02", "amount": "321.00"}],
        **changes,
    }


def credit_json(tenant: Tenant, invoice_external_id: str, **changes: Any) -> dict[str, Any]:
    """A note over the whole of `invoice_json`, as JSON."""
    return invoice_json(tenant, kind="CREDIT", references={"external_id": invoice_external_id}, **changes)


def _permission(app: str, codename: str) -> Any:
    return Permission.objects.get(content_type__app_label=app, codename=codename)
