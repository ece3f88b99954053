"""Inviting somebody: what they get, the link they get it with, and that it opens one step, once, for three days."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from cifras.core.models import AuditEntry, Invitation, SecondFactor, Staff
from cifras.core.sign_in import factor, invitations
from cifras.fiscal.errors import RuleBroken
from tenants.models import StaffGrant, Tenant
from tests.doorway import PASSWORD, code, give_password, is_in, signed_in, with_app
from tests.factories import a_staff_member

pytestmark = pytest.mark.django_db
PAGE = "/admin/tenants/staffgrant/invite/"
RIGHTS = ("tenants.view_staffgrant", "tenants.add_staffgrant", invitations.INVITE)
NEW = "una frase nueva y larga"


def a_company(name: str, ruc: str) -> Tenant:
    return Tenant.objects.create(legal_name=name, trade_name=name, ruc=ruc, pac_company_id=name)


@pytest.fixture
def own(db: None) -> Tenant:
    return a_company("Propia", "1-1-1")


@pytest.fixture
def foreign(db: None) -> Tenant:
    return a_company("Ajena", "2-2-2")


@pytest.fixture
def boss(own: Tenant) -> Staff:
    return a_staff_member(own, permissions=RIGHTS, username="jefa")


@pytest.fixture
def browser(boss: Staff) -> Client:
    client = Client()
    client.force_login(boss)
    return client


def asked(**changes: Any) -> dict[str, Any]:
    return {"username": "nueva", "email": "nueva@cifras.test", "name": "Nueva Persona Pérez", **changes}


def link_in(text: str) -> str:
    found = re.search(r"http://testserver(/admin/invitation/[^\s<]+/)", text)
    assert found, text
    return found[1]


def an_invitation(boss: Staff) -> tuple[Staff, str]:
    person = a_staff_member(username="nueva")
    invitation = invitations.invite(person, actor=boss)
    return person, f"/admin/invitation/{invitations.token_of(invitation)}/"


def use(link: str, password: str = NEW, *, browser: Client | None = None) -> Any:
    return (browser or Client()).post(link, {"new_password1": password, "new_password2": password})


def test_the_invited_person_gets_roles_and_accesses_and_a_mail(
    browser: Client, boss: Staff, own: Tenant
) -> None:
    role, until = Group.objects.create(name="Consulta"), timezone.now() + timedelta(days=30)
    answer = browser.post(
        PAGE,
        asked(roles=[role.pk], tenants=[own.uid], expires_at=f"{timezone.localtime(until):%Y-%m-%dT%H:%M}"),
    )
    assert "nueva@cifras.test" in answer.content.decode()
    person = Staff.objects.get(username="nueva")
    assert (person.first_name, person.last_name) == ("Nueva", "Persona Pérez")
    assert (person.is_staff, person.is_superuser, person.has_usable_password()) == (True, False, False)
    assert list(person.groups.all()) == [role]
    grant = StaffGrant.objects.get(staff=person)
    assert (grant.tenant, grant.granted_by) == (own, boss)
    assert grant.expires_at is not None
    [sent] = mail.outbox
    assert sent.to == ["nueva@cifras.test"]
    assert link_in(sent.body) not in answer.content.decode()
    assert {"staff.invited", "grant.given"} <= set(AuditEntry.objects.values_list("action", flat=True))


def test_nobody_gives_a_sight_that_they_do_not_have(browser: Client, own: Tenant, foreign: Tenant) -> None:
    page = browser.get(PAGE).content.decode()
    assert "Propia" in page
    assert "Ajena" not in page
    assert "all_tenants" not in page
    browser.post(PAGE, asked(tenants=[foreign.uid]))
    browser.post(PAGE, asked(username="otra", tenants=[own.uid], all_tenants="on"))
    assert not Staff.objects.filter(username="nueva").exists()
    assert list(StaffGrant.objects.filter(staff__username="otra").values_list("tenant", flat=True)) == [
        own.pk
    ]


def test_without_the_right_nobody_invites(own: Tenant, boss: Staff) -> None:
    person = a_staff_member(own, permissions=("tenants.view_staffgrant", "tenants.add_staffgrant"))
    client = Client()
    client.force_login(person)
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, asked()).status_code == 403
    for invited, actor in ((boss, person), (boss, boss), (a_staff_member(is_superuser=True), boss)):
        with pytest.raises(RuleBroken):
            invitations.invite(invited, actor=actor)


def test_a_name_that_is_taken_is_refused_on_the_form(browser: Client) -> None:
    page = browser.post(PAGE, asked(username="jefa")).content.decode()
    assert "Ya hay una persona con el usuario jefa" in page
    assert not mail.outbox


def test_where_no_mail_leaves_the_link_is_shown_to_be_handed_over(
    browser: Client, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    page = browser.post(PAGE, asked()).content.decode()
    assert Client().get(link_in(page)).status_code == 200


def test_the_link_sets_the_password_and_leads_on_to_the_second_factor(
    boss: Staff, settings: Settings
) -> None:
    settings.CIFRAS_SECOND_FACTOR = True
    person, link = an_invitation(boss)
    browser = Client()
    assert browser.get(link).headers["Referrer-Policy"] == "no-referrer"
    answer = use(link, browser=browser)
    person.refresh_from_db()
    assert person.check_password(NEW)
    assert not is_in(browser)
    page = browser.get(answer.headers["Location"], follow=True)
    assert page.request["PATH_INFO"] == "/admin/second-factor/set-up/"
    browser.post("/admin/second-factor/set-up/", {"act": "begin"})
    seed = SecondFactor.objects.get(staff=person).seed.reveal_bytes()
    browser.post("/admin/second-factor/set-up/", {"code": code(seed=seed)})
    assert is_in(browser)


def test_a_new_invitation_resets_the_password_and_never_the_second_factor(
    boss: Staff, settings: Settings
) -> None:
    settings.CIFRAS_SECOND_FACTOR = True
    person, link = an_invitation(boss)
    with_app(person)
    before = signed_in(person)
    browser = Client()
    answer = use(link, browser=browser)
    assert factor.has_factor(person)
    assert not is_in(before)
    assert not is_in(browser)
    assert browser.get(answer.headers["Location"]).status_code == 200  # asks for the code
    assert (
        browser.post("/admin/second-factor/set-up/", {"act": "begin"})
        .headers["Location"]
        .startswith("/admin/second-factor/?")
    )


def test_a_link_serves_once(boss: Staff) -> None:
    person, link = an_invitation(boss)
    assert use(link).status_code == 302
    again = use(link, "otra frase distinta y larga")
    assert again.status_code == 410
    person.refresh_from_db()
    assert person.check_password(NEW)


def test_of_two_who_use_it_at_once_the_second_is_told(boss: Staff) -> None:
    person, link = an_invitation(boss)
    invitation = Invitation.objects.select_related("staff").get(staff=person)
    use(link)
    with pytest.raises(RuleBroken):
        invitations.accept(invitation, "otra frase distinta y larga")


@pytest.mark.parametrize("ending", ["expired", "replaced", "inactive", "forged"])
def test_a_link_ends(boss: Staff, ending: str) -> None:
    person, link = an_invitation(boss)
    now = timezone.now()
    if ending == "expired":
        now += timedelta(days=3, seconds=1)
    elif ending == "replaced":
        invitations.invite(person, actor=boss)
    elif ending == "inactive":
        Staff.objects.filter(pk=person.pk).update(is_active=False)
    else:
        link = link[:-3] + ("a" if link[-3] != "a" else "b") + link[-2:]
    with time_machine.travel(now, tick=False):
        assert use(link).status_code == 410
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_the_rules_of_passwords_hold_here_too(boss: Staff) -> None:
    person, link = an_invitation(boss)
    page = use(link, "corta")
    assert page.status_code == 200
    assert "12 caracteres" in page.content.decode()
    assert Invitation.objects.get(staff=person).ended_at is None
    assert give_password(Client(), person).status_code == 302


def test_looking_at_the_link_uses_nothing_up(boss: Staff) -> None:
    _person, link = an_invitation(boss)
    for _ in range(3):
        assert Client().get(link).status_code == 200
