"""Who looks at the documents' pages: somebody of operations with one tenant, and the documents they see and do not see."""

import pytest
from django.test import Client

from cifras.core.models import Staff
from invoicing.models import Document
from reports.services.reference import ROLES
from tests.document_rows import a_document
from tests.factories import a_staff_member, contribuyente


@pytest.fixture
def own(db) -> Document:
    """An authorised invoice of the tenant that Ana looks after."""
    return a_document(
        total="321.00",
        receiver_name="Ferretería Ñandú, S.A.",
        receiver_data=contribuyente(name="Ferretería Ñandú, S.A."),
        external_id="SO-1001",
    )


@pytest.fixture
def foreign(db) -> Document:
    """An authorised invoice of a tenant that she does not see."""
    return a_document(ruc="155596714-2-2015", total="99.00", receiver_name="Cliente ajeno", cufe="")


@pytest.fixture
def ana(own) -> Staff:
    """Operations, with the audit trail too, for one tenant."""
    rights = (*ROLES["Operaciones"], "core.view_auditentry")
    return a_staff_member(own.tenant, permissions=rights, username="ana")


@pytest.fixture
def browser(ana) -> Client:
    client = Client()
    client.force_login(ana)
    return client
