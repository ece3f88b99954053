"""News from a provider that contradicts itself or us: recorded, shown, and no reason to stop working."""

import pytest

from cifras.fiscal.lifecycle import LegalStatus, Submission
from cifras.pac.contract import PacAnswer
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import TimelineEvent
from invoicing.services import tracking
from tests import factories
from tests.clockwork import work_through

pytestmark = pytest.mark.django_db


def test_a_cufe_that_another_document_holds_is_told_and_the_news_goes_on(pac: SandboxServer) -> None:
    tenant = factories.a_tenant()
    first = services.create_invoice(factories.invoice_json(tenant), actor=None)
    work_through()
    first.refresh_from_db()
    second = services.create_invoice(factories.invoice_json(tenant), actor=None)
    tracking.accept(
        second, PacAnswer(document_id="01K9OTHER", raw_legal_status="REGISTERED"), source="answer"
    )
    news = PacAnswer(
        document_id="01K9OTHER",
        legal_status=LegalStatus.DGI_AUTHORIZED,
        raw_legal_status="DGI_AUTHORIZED",
        cufe=first.cufe,
    )
    for _ in range(2):
        tracking.apply(second, news, source="poll")
    assert (second.submission, second.legal_status) == (Submission.ACCEPTED, LegalStatus.DGI_AUTHORIZED)
    assert (second.cufe, second.cufe_differs) == ("", True)
    assert TimelineEvent.objects.filter(document_uid=second.uid, code="cufe_differs").count() == 1
