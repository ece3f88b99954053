"""What the life of a company and of its staff means for documents: named by settings, called from the floor below."""

from collections.abc import Iterator
from copy import copy

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from cifras.core.models import Staff
from cifras.fiscal.errors import RuleBroken, gettext_noop
from cifras.fiscal.lifecycle import VOID_IN_COURSE, Submission
from invoicing.models import Document, Receiver
from invoicing.models.choices import Kind
from tenants.models import Tenant
from tenants.services.floors_above import Copied, Holding

_IN_FLIGHT = (Submission.QUEUED, Submission.SENDING, Submission.UNKNOWN)


def obligations(tenant: Tenant) -> Iterator[RuleBroken]:
    """What is on its way to the authority, or in doubt: a company is not closed over it."""
    counted = Document.objects.filter(tenant=tenant).aggregate(
        in_flight=Count("pk", filter=Q(submission__in=_IN_FLIGHT)),
        voids=Count("pk", filter=Q(void_status__in=VOID_IN_COURSE)),
    )
    if counted["in_flight"]:
        yield RuleBroken(
            "documents_in_flight",
            gettext_noop(
                "Hay {count} documentos en cola, enviándose o sin confirmar: espere, retírelos o resuélvalos antes."
            ),
            count=counted["in_flight"],
        )
    if counted["voids"]:
        yield RuleBroken(
            "voids_in_course",
            gettext_noop("Hay {count} anulaciones en curso o en duda: espere a que terminen."),
            count=counted["voids"],
        )


def copy_receivers(source: Tenant, target: Tenant | None) -> Copied:
    """The registered receivers, by code; those that the target has stay as they are there. Documents are never copied."""
    receivers = Receiver.objects.filter(tenant=source)
    if target is None:
        return Copied(_("Receptores"), receivers.count())
    known = set(Receiver.objects.filter(tenant=target).values_list("code", flat=True))
    made = Receiver.objects.bulk_create(
        _for(target, receiver) for receiver in receivers.exclude(code__in=known).order_by("pk")
    )
    return Copied(_("Receptores"), len(made))


def drafts_of(person: Staff, viewer: Staff) -> Iterator[Holding]:
    """The drafts that somebody began and nobody has issued."""
    drafts = Document.objects.visible_to(viewer).filter(created_by=person, submission=Submission.DRAFT)
    counted = dict(drafts.order_by().values_list("kind").annotate(Count("pk")))
    query = f"created_by__uid={person.uid}&submission={Submission.DRAFT.value}&environment=all"
    yield Holding(_("Borradores de facturas"), counted.get(Kind.INVOICE, 0), "invoicing_invoice", query)
    yield Holding(_("Borradores de notas de crédito"), counted.get(Kind.CREDIT, 0), "invoicing_credit", query)


def _for(target: Tenant, receiver: Receiver) -> Receiver:
    made = copy(receiver)
    made.pk, made._state.adding = None, True
    made.uid = Receiver._meta.get_field("uid").get_default()
    made.tenant = target
    return made
