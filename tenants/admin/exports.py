"""What the files of this app's lists hold: never a key, a secret or a certificate's bytes."""

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from cifras.core.exports.lists import ListColumn, ListExport, columns_of
from cifras.core.exports.table import CellKind
from tenants.models import Catalogue, CatalogueEntry, Certificate, Office, StaffGrant, TaxIdCheck, Tenant

# The current certificate that ends first, as the list shows it.
_CERTIFIED_UNTIL = Subquery(
    Certificate._base_manager.filter(tenant=OuterRef("pk"), replaced_at=None)
    .order_by("not_after")
    .values("not_after")[:1]
)
_COMPANY = {"tenant__legal_name": _("Empresa"), "tenant__ruc": _("RUC de la empresa")}

TENANTS = ListExport(
    "empresas",
    (
        *columns_of(
            Tenant,
            "legal_name",
            "trade_name",
            "ruc",
            "dv",
            "ruc_type",
            "country",
            "environment",
            "state",
            "pac_provider",
            "pac_company_id",
            "affiliated",
            "affiliation_read_at",
        ),
        ListColumn(_("Certificado hasta"), _CERTIFIED_UNTIL, CellKind.MOMENT),
        *columns_of(
            Tenant,
            "email",
            "contact_name",
            "contact_telephone",
            "grace_days",
            "closed_at",
            "created_at",
            "uid",
        ),
    ),
)
OFFICES = ListExport(
    "sucursales",
    columns_of(
        Office,
        "tenant__legal_name",
        "tenant__ruc",
        "code",
        "type",
        "address",
        "telephone",
        "coordinates",
        "location",
        "email",
        "registration",
        "pac_office_id",
        "closed_at",
        "uid",
        **_COMPANY,
    ),
)
CERTIFICATES = ListExport(
    "certificados",
    columns_of(
        Certificate,
        "tenant__legal_name",
        "tenant__ruc",
        "purpose",
        "subject",
        "serial_number",
        "fingerprint",
        "not_before",
        "not_after",
        "accepted_at",
        "replaced_at",
        "uid",
        **_COMPANY,
    ),
)
GRANTS = ListExport(
    "accesos",
    columns_of(
        StaffGrant,
        "staff__username",
        "staff__first_name",
        "staff__last_name",
        "tenant__legal_name",
        "tenant__ruc",
        "expires_at",
        "granted_by__username",
        "created_at",
        "uid",
        staff__username=_("Persona"),
        granted_by__username=_("Concedido por"),
        tenant__legal_name=_("Puede ver (vacío: todas las empresas)"),
        tenant__ruc=_("RUC de la empresa"),
    ),
)
TAX_IDS = ListExport(
    "consultas-de-ruc",
    columns_of(
        TaxIdCheck,
        "country",
        "environment",
        "ruc",
        "dv",
        "contributor",
        "is_known",
        "receiver_word",
        "checked_at",
        "checked_by",
        "uid",
    ),
)
CATALOGUES = ListExport(
    "catalogos",
    columns_of(
        Catalogue,
        "name",
        "provider",
        "environment",
        "size",
        "fetched_at",
        "fetched_by",
        "tried_at",
        "problem",
    ),
)
CATALOGUE_ENTRIES = ListExport(
    "codigos-de-catalogo",
    columns_of(
        CatalogueEntry,
        "catalogue__name",
        "catalogue__provider",
        "catalogue__environment",
        "code",
        "name",
        "unit",
    ),
)
