"""Which tenants still lack something, asked of the database: what `pending.pending_steps` would find, for lists and counts.

The two say the same by construction of the facts: the RUC, the account and the certificate's absence are only pending while the
company does not exist at the provider or is not active, which are pending steps themselves.
"""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from cifras.pac.contract import Capability
from tenants.models import BillingPoint, Certificate, Office, Onboarding, Tenant
from tenants.services.providers import provider_names


def lacks_something(now: datetime) -> Q:
    """The tenants with at least one pending step."""
    able = [key for key, _name in provider_names(Capability.ONBOARD)]
    own = OuterRef("pk")
    open_offices = Office.objects.filter(tenant=own, closed_at=None)
    points = BillingPoint.objects.filter(office=OuterRef("pk"))
    expired = Certificate.objects.filter(
        tenant=own, purpose=Certificate.Purpose.SIGNATURE, replaced_at=None, not_after__lt=now
    )
    return (
        Q(state=Tenant.State.ONBOARDING)
        | Q(pac_company_id=None)
        | Q(pac_company_id="")
        | Q(legal_name="")
        | Q(may_issue_live=False, pac_provider__in=able)
        | Q(Exists(expired))
        | Q(Exists(Onboarding.objects.filter(tenant=own, certificate_unknown=True)))
        | ~Q(Exists(open_offices))
        | Q(Exists(open_offices.exclude(Exists(points))))
        | Q(Exists(open_offices.filter(registration=Office.Registration.UNKNOWN)), pac_provider__in=able)
        | Q(Exists(open_offices.filter(pac_office_id="")), pac_provider__in=able)
    )
