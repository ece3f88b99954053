"""The wizard's pages: each step, what it refuses and where that is read, who may, and two people at one onboarding."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cifras.core.models import AuditEntry
from cifras.sandbox.server import SandboxServer
from tenants.models import Office, Onboarding, StaffGrant, Tenant
from tenants.services import StepState, last_try, run_step, steps_for
from tests import certificates
from tests.document_pages import queries_of, text_of
from tests.factories import a_staff_member, an_administrator, next_ruc
from tests.onboarding import begun, office_json
from tests.wizard import START, address, office_fields, page_of, press, typed, who

pytestmark = pytest.mark.django_db


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def browser() -> Client:
    return signed_in(an_administrator(username="ana"))


def fresh(onboarding: Onboarding) -> Onboarding:
    return Onboarding.objects.select_related("tenant").get(pk=onboarding.pk)


def started(browser: Client, **changes: Any) -> Onboarding:
    response = browser.post(START, who(**changes))
    assert response.status_code == 302, text_of(response)
    onboarding = Onboarding.objects.select_related("tenant").latest("pk")
    assert response.headers["Location"] == address(onboarding, "ruc")
    return onboarding


def p12_of(onboarding: Onboarding, content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile("firma.p12", content or certificates.a_p12(onboarding.tenant.ruc))


def hand_in(
    browser: Client, onboarding: Onboarding, content: bytes, password: str = certificates.PASSWORD
) -> Any:
    return press(
        browser, onboarding, "certificate", certificate=p12_of(onboarding, content), password=password
    )


def test_a_new_one_begins_with_its_dv_computed_and_is_found_again(browser: Client) -> None:
    onboarding = started(browser, dv="")
    assert len(onboarding.tenant.dv) == 2
    listed = text_of(browser.get(START))
    assert onboarding.tenant.ruc in listed
    assert "sigue: RUC y DV" in listed
    assert AuditEntry.objects.filter(action="onboarding.started", chain=onboarding.tenant.uid).count() == 1


def test_the_page_to_add_a_company_is_the_wizards(browser: Client) -> None:
    assert "Habilitar una empresa nueva" in text_of(browser.get(reverse("admin:tenants_tenant_add")))


def test_a_company_that_is_there_already_is_offered_and_not_begun_again(browser: Client) -> None:
    onboarding = started(browser)
    again = browser.post(START, who(ruc=onboarding.tenant.ruc))
    assert address(onboarding, "ruc") in again.content.decode()
    assert "Ya hay una empresa con ese RUC" in text_of(again)
    assert Tenant.objects.count() == 1


def test_a_company_out_of_sight_is_refused_without_saying_whose_it_is(browser: Client) -> None:
    onboarding = started(browser)
    run_step(onboarding, "company", actor=None, legal_name="Sociedad Secreta, S.A.")
    person = a_staff_member(permissions=("tenants.onboard_tenant", "tenants.add_tenant"))
    refused = text_of(signed_in(person).post(START, who(ruc=onboarding.tenant.ruc)))
    assert "pida acceso a ella" in refused
    assert "Secreta" not in refused


def test_whoever_begins_one_may_see_it(browser: Client) -> None:
    person = a_staff_member(permissions=("tenants.onboard_tenant", "tenants.add_tenant"))
    onboarding = started(signed_in(person), ruc_type="NATURAL", ruc="8-274-125", dv="91")
    assert StaffGrant.objects.get(staff=person).tenant == onboarding.tenant


def test_a_wrong_dv_is_told_at_its_field(browser: Client) -> None:
    response = browser.post(START, who(dv="00"))
    assert "dv" in response.context["form"].errors
    assert not Tenant.objects.exists()


def test_the_dv_is_computed_while_typing_and_the_provider_is_not_asked(
    browser: Client, pac: SandboxServer
) -> None:
    dv = reverse("admin:tenants_tenant_onboard_dv")
    answered = browser.get(dv, {"ruc": "155596713-2-2015", "ruc_type": "JURIDICO"}).json()
    assert answered == {"dv": "59", "hint": ""}
    assert browser.get(dv, {"ruc": "1555", "ruc_type": "JURIDICO"}).json()["dv"] == ""
    assert pac.journal.requests() == []


def test_the_whole_way_from_ruc_to_active(browser: Client, pac: SandboxServer) -> None:
    pac.behaviour.auto_scan = False
    onboarding = started(browser)
    assert press(browser, onboarding, "ruc", **typed(browser, onboarding, "ruc")).status_code == 302
    shown = text_of(page_of(browser, onboarding, "ruc"))
    assert "coincide" in shown
    assert "«" not in shown or "CONTRIBUYENTE" in shown

    company = press(
        browser, onboarding, "company", legal_name="Comercial del Istmo, S.A.", contact_name="Ana"
    )
    assert company.headers["Location"] == address(onboarding, "certificate")
    assert fresh(onboarding).tenant.contact_name == "Ana"

    assert hand_in(browser, onboarding, certificates.a_p12(onboarding.tenant.ruc)).status_code == 302
    shown = text_of(page_of(browser, onboarding, "certificate"))
    for words in ("Titular", "Número de serie", "Huella SHA-256", "guardado cifrado"):
        assert words in shown

    assert "Comercial del Istmo, S.A." in text_of(page_of(browser, onboarding, "create_company"))
    press(browser, onboarding, "create_company")
    assert fresh(onboarding).tenant.pac_company_id

    press(browser, onboarding, "request_affiliation")
    asked = page_of(browser, onboarding, "request_affiliation")
    assert "data:image/svg" in asked.content.decode()
    assert "/onboarding/qr/" in text_of(asked)
    press(browser, onboarding, "finish_affiliation")
    assert "«REQUESTED»" in text_of(page_of(browser, onboarding, "finish_affiliation"))
    pac.authority.scan(pac.authority.companies[fresh(onboarding).tenant.pac_company_id or ""])
    press(browser, onboarding, "finish_affiliation")
    assert "«SUBSCRIBED»" in text_of(page_of(browser, onboarding, "finish_affiliation"))

    saved = press(browser, onboarding, "offices", **office_fields())
    assert saved.headers["Location"] == address(onboarding, "register_offices")
    press(browser, onboarding, "register_offices")
    assert "Registrada" in text_of(page_of(browser, onboarding, "register_offices"))

    review = text_of(page_of(browser, onboarding, "activate"))
    assert "Lo que falta" not in review
    press(browser, onboarding, "activate")
    assert fresh(onboarding).tenant.state == Tenant.State.ACTIVE
    assert "«Activa»" in text_of(page_of(browser, onboarding, "activate"))
    assert onboarding.tenant.ruc not in text_of(browser.get(START))


def test_the_providers_contradiction_blocks_until_somebody_with_the_right_gives_a_reason(
    browser: Client, pac: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cifras.sandbox.alanube.catalogues.check_digit", lambda ruc, kind: "11")
    onboarding = started(browser)
    press(browser, onboarding, "ruc", **typed(browser, onboarding, "ruc"))
    shown = text_of(page_of(browser, onboarding, "ruc"))
    assert "El DV escrito y el del PAC no coinciden" in shown
    assert "El PAC no confirmó" in text_of(page_of(browser, onboarding, "create_company"))

    operator = a_staff_member(onboarding.tenant, permissions=("tenants.onboard_tenant",))
    other = signed_in(operator)
    assert "es de quien administra" in text_of(page_of(other, onboarding, "ruc"))
    override = {"_override": "1", "override_reason": "La DGI lo confirmó por escrito"}
    refused = press(other, onboarding, "ruc", **override)
    assert "es de quien administra" in text_of(refused)
    assert last_try(fresh(onboarding), "ruc").state is StepState.FAILED

    short = press(browser, onboarding, "ruc", _override="1", override_reason="porque sí")
    assert short.status_code == 200
    assert press(browser, onboarding, "ruc", **override).status_code == 302
    assert last_try(fresh(onboarding), "ruc").state is StepState.DONE
    assert AuditEntry.objects.get(action="tenant.dv_kept").reason == override["override_reason"]


def test_a_mistyped_ruc_is_mended_and_the_certificate_of_the_old_one_is_let_go(
    browser: Client, pac: SandboxServer
) -> None:
    onboarding = begun(actor=None)
    other = next_ruc()
    press(browser, onboarding, "ruc", ruc_type="JURIDICO", ruc=other, dv="")
    mended = fresh(onboarding)
    assert (mended.tenant.ruc, bool(mended.certificate)) == (other, False)
    assert AuditEntry.objects.filter(action="tenant.tax_id_corrected").count() == 1
    taken = started(browser)
    refused = press(browser, taken, "ruc", ruc_type="JURIDICO", ruc=other, dv="")
    assert "Ya hay otra empresa" in text_of(refused)
    assert "ruc" in refused.context["tax_id_form"].errors


@pytest.mark.parametrize(
    ("content", "password", "field", "words"),
    [
        (certificates.a_p12, "otra", "password", "no abre el certificado"),
        (lambda ruc: b"no es un certificado", "x", "certificate", "no es un certificado PKCS#12"),
        (certificates.expired, None, "certificate", "venció el"),
        (certificates.not_yet_valid, None, "certificate", "todavía no se puede usar"),
        (lambda ruc: certificates.with_another_key(), None, "certificate", "no corresponde a su certificado"),
        (lambda ruc: certificates.a_p12("155000001-2-2015"), None, "certificate", "es de la empresa con RUC"),
        (lambda ruc: certificates.with_iterations(8_000_000), None, "certificate", "iteraciones"),
        (lambda ruc: b"x" * (64 * 1024 + 1), None, "certificate", "64 KiB"),
    ],
    ids=["password", "no p12", "expired", "not yet", "key", "another company", "iterations", "too large"],
)
def test_each_thing_wrong_with_a_certificate_has_its_own_sentence(
    browser: Client, content: Any, password: str | None, field: str, words: str
) -> None:
    onboarding = started(browser)
    secret = password or certificates.PASSWORD
    refused = hand_in(browser, onboarding, content(onboarding.tenant.ruc), secret)
    assert refused.status_code == 200
    told = " ".join(refused.context["upload_form"].errors[field])
    assert words in told
    assert not re.search(r"\d{4}-\d{2}-\d{2}", told), "days are written as staff write them"
    assert not fresh(onboarding).certificate
    assert secret == "x" or f'value="{secret}"' not in refused.content.decode()


def test_a_persons_certificate_waits_until_somebody_confirms_the_representative(browser: Client) -> None:
    onboarding = started(browser)
    hand_in(browser, onboarding, certificates.of_person())
    waiting = text_of(page_of(browser, onboarding, "certificate"))
    assert "8-274-125" in waiting
    assert "Confirmo que quien figura" in waiting
    assert "Falta confirmar" in text_of(page_of(browser, onboarding, "create_company"))
    assert press(browser, onboarding, "certificate", _holder="1").status_code == 200
    assert press(browser, onboarding, "certificate", _holder="1", holder_confirmed="on").status_code == 302
    assert last_try(fresh(onboarding), "certificate").state is StepState.DONE
    entry = AuditEntry.objects.get(action="certificate.holder_confirmed")
    assert (entry.actor_name, "8-274-125" in str(entry.after)) == ("ana", True)


def test_a_lost_answer_is_asked_about_and_the_company_is_created_once(
    browser: Client, pac: SandboxServer
) -> None:
    onboarding = begun()
    pac.faults.add("drop_after_commit", "create_company")
    press(browser, onboarding, "create_company")
    shown = page_of(browser, onboarding, "create_company")
    assert "sin confirmar" in text_of(shown)
    assert "Preguntar al PAC" in text_of(shown)
    press(browser, onboarding, "create_company")
    assert fresh(onboarding).tenant.pac_company_id
    assert len(pac.journal.requests("create_company")) == 1
    assert "La empresa existe en Alanube" in text_of(page_of(browser, onboarding, "create_company"))


def test_what_the_provider_answered_is_quoted_and_its_exchange_is_for_those_who_may_see_it(
    browser: Client, pac: SandboxServer
) -> None:
    onboarding = begun()
    pac.faults.add("500_before", "list_companies", times=9)
    press(browser, onboarding, "create_company")
    exchange = reverse(
        "admin:tenants_exchange_change", args=[last_try(fresh(onboarding), "create_company").exchange_id]
    )
    shown = page_of(browser, onboarding, "create_company")
    assert exchange in shown.content.decode()
    assert "por ana" in text_of(shown)
    assert "· ana" in text_of(browser.get(START))
    other = signed_in(a_staff_member(onboarding.tenant, permissions=("tenants.onboard_tenant",)))
    assert exchange not in page_of(other, onboarding, "create_company").content.decode()


def test_of_two_operators_the_later_is_told_and_keeps_what_was_typed(browser: Client) -> None:
    onboarding = started(browser)
    seen = {"version": fresh(onboarding).version}
    press(browser, onboarding, "company", legal_name="La primera, S.A.")
    late = press(browser, onboarding, "company", legal_name="La segunda, S.A.", **seen)
    assert late.status_code == 409
    assert "Otra persona avanzó esta habilitación mientras tanto (ana," in text_of(late)
    assert "La segunda, S.A." in late.content.decode()
    assert fresh(onboarding).tenant.legal_name == "La primera, S.A."
    again = press(browser, onboarding, "company", legal_name="La segunda, S.A.")
    assert (again.status_code, fresh(onboarding).tenant.legal_name) == (302, "La segunda, S.A.")


def test_a_step_under_way_is_told_with_who_is_at_it(browser: Client) -> None:
    onboarding = started(browser)
    run = {"state": "running", "by": "beto", "notes": [], "answer": "", "exchange_id": ""}
    entry = {**run, "at": fresh(onboarding).started_at.isoformat()}
    Onboarding.objects.filter(pk=onboarding.pk).update(steps={"ruc": entry})
    late = press(browser, onboarding, "company", legal_name="Otra, S.A.")
    assert late.status_code == 409
    assert "beto está ejecutando un paso" in text_of(late)
    assert "en curso" in text_of(late)


def test_what_is_half_typed_waits_for_whoever_goes_on(browser: Client) -> None:
    onboarding = started(browser)
    left = press(
        browser, onboarding, "offices", **office_fields(code="", address="Calle a medias"), _draft="1"
    )
    assert left.headers["Location"] == START
    assert not Office.objects.exists()
    other = signed_in(an_administrator(username="beto"))
    resumed = page_of(other, onboarding, "offices")
    assert "Calle a medias" in resumed.content.decode()
    assert "Guardado a medias por ana" in text_of(resumed)
    press(other, onboarding, "offices", **office_fields())
    assert "Guardado a medias" not in text_of(page_of(other, onboarding, "offices"))


def test_a_certificate_is_never_kept_half(browser: Client) -> None:
    onboarding = started(browser)
    press(browser, onboarding, "certificate", _draft="1", certificate=p12_of(onboarding), password="canario")
    assert "canario" not in str(fresh(onboarding).data)
    assert not fresh(onboarding).data.get("drafts")


def test_offices_come_and_go_without_scripts(browser: Client) -> None:
    onboarding = started(browser)
    more = press(browser, onboarding, "offices", **office_fields(), _add="office")
    assert more.content.decode().count('data-row="offices-1"') == 1
    assert "Vía España" in more.content.decode()
    points = press(browser, onboarding, "offices", **office_fields(), _add="offices-0")
    assert 'name="offices-0-points-1-code"' in points.content.decode()
    two = office_fields() | office_fields(
        1, code="0002", type="associated", points=[("001", "500"), ("002", "1")]
    )
    press(browser, onboarding, "offices", **two)
    offices = {office.code: office for office in onboarding.tenant.offices.all()}
    assert [point.first_number for point in offices["0002"].billing_points.order_by("code")] == [500, 1]
    press(browser, onboarding, "offices", **two | {"offices-1-DELETE": "on"})
    assert [office.code for office in onboarding.tenant.offices.all()] == ["0001"]
    press(browser, onboarding, "offices", **office_fields(points=[("003", "7")]))
    assert list(offices["0001"].billing_points.values_list("code", "first_number")) == [("003", 7)]


def test_what_is_wrong_with_an_office_stands_at_its_field(browser: Client) -> None:
    onboarding = started(browser)
    wrong = office_fields(coordinates="52.52,13.40", telephone="1234", location="", points=[("000", "1")])
    refused = press(browser, onboarding, "offices", **wrong)
    office = refused.context["form"].rows[0]
    assert set(office.errors) == {"coordinates", "telephone", "location"}
    assert "code" in office.points.forms[0].errors
    assert "fuera de Panamá" in text_of(refused)


def test_a_place_is_found_by_its_name(browser: Client) -> None:
    onboarding = started(browser)
    press(browser, onboarding, "offices", **office_fields(location="bella vista"))
    assert onboarding.tenant.offices.get().location == "8-8-7"
    several = press(browser, onboarding, "offices", **office_fields(location="panamá"))
    assert "escriba el código" in text_of(several)
    found = browser.get(reverse("admin:tenants_tenant_onboard_places"), {"q": "betania"}).json()["found"]
    assert [row["value"] for row in found] == ["8-8-6"]


def test_an_office_that_the_provider_has_is_shown_and_stays(browser: Client, pac: SandboxServer) -> None:
    onboarding = begun(offices=[office_json(), office_json("0002", type="associated")])
    press(browser, onboarding, "create_company")
    pac.faults.add("500_before", "create_office", skip=1)
    press(browser, onboarding, "register_offices")
    states = dict(onboarding.tenant.offices.values_list("code", "registration"))
    assert states["0001"] == Office.Registration.DONE
    shown = page_of(browser, onboarding, "offices").content.decode()
    assert 'value="0001"' not in shown
    press(browser, onboarding, "register_offices")
    assert not onboarding.tenant.offices.exclude(registration=Office.Registration.DONE).exists()


def test_the_page_follows_by_itself_and_says_nothing_while_nothing_changes(
    browser: Client, pac: SandboxServer
) -> None:
    pac.behaviour.auto_scan = False
    onboarding = begun()
    press(browser, onboarding, "create_company")
    press(browser, onboarding, "request_affiliation")
    seen = page_of(browser, onboarding, "request_affiliation").context["visit"].state_key
    state = address(onboarding, "request_affiliation", "state")
    assert browser.get(state, {"seen": seen}).status_code == 204
    Tenant.objects.filter(pk=onboarding.tenant_id).update(affiliated="SUBSCRIBED", may_issue_live=True)
    changed = browser.get(state, {"seen": seen})
    assert "«SUBSCRIBED»" in text_of(changed)
    assert "afiliada en pruebas: sus documentos no tienen validez legal" in text_of(changed)
    assert "debe escanear" not in text_of(changed), "what is over is not asked for any more"
    assert 'hx-swap-oob="true"' in changed.content.decode()
    assert "hx-get" not in changed.content.decode()


def test_a_page_asks_little(browser: Client, pac: SandboxServer) -> None:
    onboarding = begun(
        offices=[office_json(), *(office_json(f"000{n}", type="associated") for n in range(2, 7))]
    )
    browser.get(START)
    for at in (START, *(address(onboarding, step) for step in steps_for(onboarding.tenant))):
        assert queries_of(browser, at) <= 6, at


def test_the_tenants_pages_lead_into_the_step_that_mends(browser: Client) -> None:
    onboarding = started(browser)
    tenant = onboarding.tenant
    page = browser.get(reverse("admin:tenants_tenant_change", args=[tenant.uid])).content.decode()
    for step in ("company", "certificate", "offices"):
        assert f'href="{address(onboarding, step)}"' in page
    assert "Continuar la habilitación" in page
    assert "Continuar la habilitación" in text_of(browser.get(reverse("admin:tenants_tenant_changelist")))
    reader = signed_in(a_staff_member(tenant, permissions=("tenants.view_tenant",)))
    for at in ("admin:tenants_tenant_change", "admin:tenants_tenant_changelist"):
        args = [tenant.uid] if at.endswith("change") else []
        assert "Continuar la habilitación" not in text_of(reader.get(reverse(at, args=args)))


def every_address(onboarding: Onboarding) -> list[str]:
    pages = [
        address(onboarding, step, page) for step in steps_for(onboarding.tenant) for page in ("step", "state")
    ]
    return [*pages, reverse("admin:tenants_tenant_onboard_logo", args=[onboarding.uid])]


def test_an_onboarding_of_another_is_not_found_and_without_the_right_forbidden(browser: Client) -> None:
    onboarding = started(browser)
    before = Onboarding.objects.filter(pk=onboarding.pk).values().get()
    stranger = signed_in(a_staff_member(permissions=("tenants.onboard_tenant", "tenants.add_tenant")))
    powerless = signed_in(
        a_staff_member(onboarding.tenant, permissions=("tenants.view_tenant", "tenants.change_tenant"))
    )
    for at in every_address(onboarding):
        for method in ("get", "post"):
            assert getattr(stranger, method)(at, {}).status_code == 404, at
            assert getattr(powerless, method)(at, {}).status_code == 403, at
            assert getattr(Client(), method)(at, {}).status_code == 302, at
    assert onboarding.tenant.ruc not in text_of(stranger.get(START))
    for at in (
        START,
        reverse("admin:tenants_tenant_onboard_dv"),
        reverse("admin:tenants_tenant_onboard_places"),
    ):
        assert powerless.get(at).status_code == 403
    assert powerless.post(START, who()).status_code == 403
    assert Onboarding.objects.filter(pk=onboarding.pk).values().get() == before


def test_to_begin_needs_a_right_of_its_own(browser: Client) -> None:
    person = signed_in(a_staff_member(permissions=("tenants.onboard_tenant",)))
    assert "Habilitar una empresa nueva" not in text_of(person.get(START))
    assert person.post(START, who()).status_code == 403


def test_looking_changes_nothing_and_asks_nobody(browser: Client, pac: SandboxServer) -> None:
    onboarding = begun()
    asked, before = len(pac.journal.requests()), Onboarding.objects.filter(pk=onboarding.pk).values().get()
    for at in every_address(onboarding):
        browser.get(at, {"_draft": "1", "_add": "office", "version": "0"})
    assert Onboarding.objects.filter(pk=onboarding.pk).values().get() == before
    assert len(pac.journal.requests()) == asked


def test_a_closed_company_is_not_onboarded(browser: Client) -> None:
    onboarding = started(browser)
    Tenant.objects.filter(pk=onboarding.tenant_id).update(state=Tenant.State.CLOSED)
    refused = press(browser, onboarding, "company", legal_name="Tarde, S.A.")
    assert "está cerrada" in text_of(refused)
    assert not fresh(onboarding).tenant.legal_name


def test_provider_words_are_shown_as_text(browser: Client) -> None:
    onboarding = started(browser)
    said = {"state": "failed", "by": "ana", "notes": [], "exchange_id": "", "at": "2026-11-21T10:00:00-05:00"}
    answer = "<script>alert(1)</script>\u202eotra" + "x" * 5000
    Onboarding.objects.filter(pk=onboarding.pk).update(steps={"create_company": {**said, "answer": answer}})
    shown = page_of(browser, onboarding, "create_company").content.decode()
    assert "<script>alert" not in shown
    assert "\u202e" not in shown
    assert "x" * 2500 not in shown
