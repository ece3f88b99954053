"""Known secrets through the whole life of a company: they are found in nothing that the product writes, shows, sends or keeps.

What is searched: every log line before it is masked, a dump of the database by its own tool, what sessions hold once decoded,
messages to the broker, every page of every row, exported files, kept files, and what a crash tells.
"""

import base64
import io
import json
import logging
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery.signals import before_task_publish
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from django.urls import NoReverseMatch, reverse

from cifras.core.models import SecondFactor
from cifras.sandbox.server import SandboxServer
from invoicing import services
from invoicing.models import Attachment, Document, WebhookDelivery
from invoicing.services.evidence import evidence_pack
from tenants.models import Exchange, Tenant
from tenants.services import advance, run_step, start_onboarding
from tests import certificates
from tests.clockwork import work_through
from tests.factories import a_tenant, an_administrator, invoice_json
from tests.house.test_every_address import PAGES, identities, label, object_addresses, page
from tests.invoicing.test_webhooks import deliver
from tests.onboarding import onboarding_json
from tests.pac.wire_server import answer, raw, text, wire_server
from tests.tenants.test_certificate_custody import stored_rows

pytestmark = pytest.mark.django_db(transaction=True)

CANARY = "canary-3f9b"
KEY, TOKEN, HOOK = f"{CANARY}-account-key", f"{CANARY}-company-token", f"{CANARY}-webhook-secret"
P12_PASSWORD, PASSWORD, SEED = (
    f"{CANARY}-p12-password",
    f"{CANARY}-of-a-person",
    f"{CANARY}-totp-seed-20".encode(),
)


class Haystack:
    """Everything that was written, shown or sent, by where it was found."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self.secrets = [
            CANARY,
            SEED.hex(),
            base64.b64encode(SEED).decode(),
            base64.b32encode(SEED).decode().rstrip("="),
        ]
        self.size = 0
        self.places: set[str] = set()

    def add(self, place: str, content: str | bytes) -> None:
        said = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
        self.size += len(said)
        self.places.add(place)
        self.found += [
            (f"{place}: …{said[at - 160 : at + 60]}…", secret)
            for secret in self.secrets
            if (at := said.find(secret)) >= 0
        ]

    def answer(self, address: str, response: HttpResponseBase) -> None:
        self.add(f"headers of {address}", repr(response.headers))
        self.add(address, b"".join(response) if response.streaming else response.content)


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def hay(pac: SandboxServer, settings: Any, log: io.StringIO) -> Iterator[Haystack]:
    settings.PAC_API_KEY = settings.PAC_SANDBOX_API_KEY = KEY
    settings.PAC_WEBHOOK_SECRET = [f"{HOOK}-of-all"]
    hay = Haystack()
    handler, root = logging.StreamHandler(log), logging.getLogger()
    level = root.level

    def published(body: Any = None, headers: Any = None, **_: Any) -> None:
        hay.add("broker", repr((body, headers)))

    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    before_task_publish.connect(published)
    yield hay
    before_task_publish.disconnect(published)
    root.removeHandler(handler)
    root.setLevel(level)


def onboarded(hay: Haystack, pac: SandboxServer) -> Tenant:
    """A company with all its secrets; the first call fails after the provider took it."""
    onboarding = start_onboarding(onboarding_json(), actor=None)
    p12 = certificates.a_p12(onboarding.tenant.ruc, password=P12_PASSWORD)
    encoded = base64.b64encode(p12).decode()
    hay.secrets += [encoded[:60], encoded[-60:], p12[:40].hex(), repr(p12[10:40])[2:-1]]
    run_step(onboarding, "certificate", actor=None, certificate=p12, password=P12_PASSWORD)
    hay.add("dump with the certificate waiting", dump())
    pac.faults.add("500_after", "create_company")
    for _ in range(2):
        for error in advance(onboarding, actor=None):
            hay.add("refusals", f"{error!r} {error} {vars(error)}")
    return onboarding.tenant


def lived(hay: Haystack, tenant: Tenant, settings: Any) -> None:
    """Issued, voided, heard of by webhooks true and false; then a provider that says everything back."""
    document = services.create_invoice(invoice_json(tenant), actor=None)
    work_through(rounds=2)
    hay.answer(
        "webhook",
        deliver({"id": Document.objects.get().document_id}, signature=HOOK, company=tenant.pac_company_id),
    )
    hay.answer("webhook", deliver({"id": "x"}, signature=f"{HOOK}-no", company=tenant.pac_company_id))
    hay.answer("webhook", deliver(b"{", signature=f"{HOOK}-of-all", company="unknown"))
    services.void_invoice(document.uid, "Operación no realizada por el cliente", actor=None)
    work_through(rounds=1)
    said_back = {
        "message": f"bad key Authorization: Bearer {TOKEN}",
        "headers": {"Authorization": f"Bearer {TOKEN}"},
    }
    with wire_server() as wire:
        settings.PAC_SANDBOX_BASE_URL = settings.PAC_BASE_URL = wire.base_url
        for way in (
            answer(said_back, 400),
            answer(said_back, 500),
            text(f"<pre>Authorization: Bearer {TOKEN}", 502, Set_Cookie=f"session={CANARY}-cookie"),
            raw(
                f'HTTP/1.1 200 OK\r\nX-Echo: Bearer {TOKEN}\r\n\r\n{{"Authorization": "Bearer {TOKEN}'.encode()
            ),
            answer({"errors": [{"message": f"token {TOKEN} expired", "field": TOKEN, "code": TOKEN}]}, 401),
        ):
            wire.says(*[way] * 4)
            services.create_invoice(invoice_json(tenant), actor=None)
            work_through(rounds=1)


def signed_in(hay: Haystack) -> Client:
    """By the page of sign-in, with a wrong password first and an authenticator app of one's own."""
    person = an_administrator()
    person.set_password(PASSWORD)
    person.save()
    SecondFactor.objects.create(staff=person, seed=SEED)
    browser = Client(raise_request_exception=False)
    for password in (f"{PASSWORD}-no", PASSWORD):
        credentials = {"username": person.username, "password": password}
        hay.answer("sign-in", browser.post(reverse("admin:login"), credentials))
    browser.force_login(person)
    return browser


def looked_at(hay: Haystack, browser: Client) -> None:
    """Every page of the newest row of every list, its exports, the home page and the reports."""
    for model in PAGES:
        hay.answer(label(model), browser.get(page(model, "changelist")))
        row = model._default_manager.order_by("-pk").first()
        mine = f"/{identities(row)[0]}/" if row else ""
        for address in object_addresses(model, row) if row else ():
            if mine in address:
                hay.answer(address, browser.get(address, follow=True))
        try:
            export = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_export")
        except NoReverseMatch:
            continue
        for form in ("csv", "xlsx"):
            hay.answer(f"{export} {form}", browser.post(export, {"form": form}, follow=True))
    for name in ("admin:index", "reports:documents", "reports:all_companies", "reports:reconciliation_now"):
        hay.answer(name, browser.get(reverse(name)))


def dump() -> bytes:
    """The database as its own tool writes it out; on SQLite every row."""
    if connection.vendor != "postgresql":
        return "\n".join(stored_rows()).encode()
    program = shutil.which("pg_dump") or max(
        map(str, Path("/usr/lib/postgresql").glob("*/bin/pg_dump")), default=""
    )
    if not program:
        return "\n".join(stored_rows()).encode()
    here = connection.get_connection_params()
    variables = {
        "PGHOST": here.get("host"),
        "PGPORT": here.get("port"),
        "PGUSER": here.get("user"),
        "PGPASSWORD": here.get("password"),
    }
    environment = os.environ | {name: str(value) for name, value in variables.items() if value}
    finished = subprocess.run(
        [program, "--inserts", here["dbname"]], env=environment, capture_output=True, check=True
    )
    return finished.stdout


def test_no_secret_is_found_anywhere(
    pac: SandboxServer, hay: Haystack, log: io.StringIO, settings: Any
) -> None:
    tenant = onboarded(hay, pac)
    issuing = a_tenant(webhook_secret=HOOK, pac_token=TOKEN)
    lived(hay, issuing, settings)
    browser = signed_in(hay)
    looked_at(hay, browser)
    for document in Document.objects.all():
        hay.add("evidence", b"".join(evidence_pack(document.uid, actor=None).content))
    for attachment in Attachment.objects.all():
        hay.add("files", attachment.file.read())
    for session in Session.objects.all():
        hay.add("sessions", json.dumps(session.get_decoded()))
    for message in mail.outbox:
        hay.add("mails", message.message().as_bytes())
    hay.add("dump", dump())
    hay.add("log", log.getvalue())

    assert Exchange.objects.filter(tenant_uid=issuing.uid).count() > 8
    assert WebhookDelivery.objects.count() >= 2
    assert {"broker", "dump", "log", "evidence", "files", "sign-in"} <= hay.places
    assert hay.size > 1_000_000 and tenant.ruc in dump().decode()
    assert hay.found == []
