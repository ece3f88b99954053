"""Certificates that end soon, in the order in which they hurt: by the void deadlines that their companies still have open."""

from datetime import datetime

from django.db.models import BooleanField, Case, F, Max, OuterRef, QuerySet, Subquery, Value, When
from django.utils import timezone

from cifras.core.models import Staff
from cifras.fiscal.lifecycle import LegalStatus, VoidStatus
from invoicing.models import Document
from tenants.models import Certificate
from tenants.services.radar import Level, ending


def expiring_certificates(staff: Staff, *, now: datetime | None = None) -> QuerySet[Certificate]:
    """The certificates on the radar that `staff` may see, each with `last_void_deadline` and `voids_at_risk`.

    First those that end before the company's last open void deadline, since those voids could not be signed any more; then by
    that deadline, the companies without one last.
    """
    moment = now or timezone.now()
    open_windows = Document.objects.filter(
        tenant=OuterRef("tenant"),
        legal_status=LegalStatus.DGI_AUTHORIZED,
        void_status=VoidStatus.NONE,
        void_deadline__gte=moment,
    )
    last = open_windows.order_by().values("tenant").annotate(last=Max("void_deadline")).values("last")
    at_risk = When(not_after__lt=F("last_void_deadline"), then=Value(True))
    return (
        Certificate.objects.visible_to(staff)
        .filter(ending(Level.DAYS_60, moment))
        .select_related("tenant")
        .annotate(last_void_deadline=Subquery(last))
        .annotate(voids_at_risk=Case(at_risk, default=Value(False), output_field=BooleanField()))
        .order_by("-voids_at_risk", F("last_void_deadline").asc(nulls_last=True), "not_after", "pk")
    )
