"""The pages of this app on the real staff site."""

import uuid

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from cifras.core import audit
from cifras.core.models import AuditEntry, Staff

pytestmark = pytest.mark.django_db

PASSWORD = "una-frase-larga-de-prueba"


def signed_in(person: Staff) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def root() -> Client:
    return signed_in(Staff.objects.create_superuser("root", password=PASSWORD))


@pytest.fixture
def boss() -> Client:
    """Somebody who may change staff without being a superuser."""
    person = Staff.objects.create_user("jefa", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(content_type__app_label__in=["core", "auth"]))
    return signed_in(person)


@pytest.mark.parametrize(
    "page",
    [
        "core_staff_changelist",
        "core_staff_add",
        "auth_group_changelist",
        "auth_group_add",
        "core_auditentry_changelist",
        "django_celery_beat_periodictask_changelist",
        "django_celery_beat_periodictask_add",
        "django_celery_beat_crontabschedule_changelist",
        "django_celery_beat_crontabschedule_add",
        "django_celery_beat_intervalschedule_add",
        "django_celery_beat_clockedschedule_add",
        "django_celery_beat_solarschedule_add",
    ],
)
def test_every_page_opens(root, page):
    assert root.get(reverse(f"admin:{page}")).status_code == 200


def test_a_person_is_created_and_changed_without_the_audit_trail_learning_the_password(root):
    new = {
        "username": "ana",
        "first_name": "Ana",
        "password1": PASSWORD,
        "password2": PASSWORD,
        "is_staff": "on",
    }
    response = root.post(reverse("admin:core_staff_add"), new)
    ana = Staff.objects.get(username="ana")
    page = reverse("admin:core_staff_change", args=[ana.uid])
    assert response.status_code == 302
    assert ana.check_password(PASSWORD)

    changed = {"username": "ana", "first_name": "Anabel", "is_active": "on", "is_staff": "on"}
    assert root.post(page, changed).status_code == 302
    added, renamed = AuditEntry.objects.order_by("sequence")
    assert (added.action, added.after["first_name"]) == ("core.staff.added", "Ana")
    assert (renamed.before, renamed.after) == ({"first_name": "Ana"}, {"first_name": "Anabel"})
    assert PASSWORD not in str([added.after, renamed.before, renamed.after])


def test_a_password_is_changed_on_its_own_page(root):
    ana = Staff.objects.create_user("ana")
    page = reverse("admin:auth_user_password_change", args=[ana.uid])
    assert root.get(page).status_code == 200
    root.post(page, {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD})
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)
    assert AuditEntry.objects.get().after == {"password": "••••"}


def test_ones_own_password_is_changed_where_the_former_one_is_asked_for(root):
    own = reverse("admin:auth_user_password_change", args=[Staff.objects.get().uid])
    new = {"usable_password": "true", "password1": f"otra-{PASSWORD}", "password2": f"otra-{PASSWORD}"}
    assert root.post(own, new).headers["Location"] == reverse("admin:password_change")
    assert Staff.objects.get().check_password(PASSWORD)


def test_a_password_that_was_not_changed_ends_no_session(root):
    ana = Staff.objects.create_user("ana", password=PASSWORD, is_staff=True)
    hers = signed_in(ana)
    page = reverse("admin:auth_user_password_change", args=[ana.uid])
    assert root.post(page, {"usable_password": "false", "password1": "", "password2": ""}).status_code == 302
    ana.refresh_from_db()
    assert ana.check_password(PASSWORD)
    assert hers.get(reverse("sign_in:account")).status_code == 200


@pytest.mark.parametrize("is_superuser", [True, False])
def test_nobody_changes_what_they_may_do_themselves(is_superuser):
    """Whoever may change people could else give themselves every role."""
    person = Staff.objects.create_user("jefa", is_staff=True, is_superuser=is_superuser)
    own = Permission.objects.filter(codename__in=["change_staff", "view_staff"])
    person.user_permissions.set(own)
    role, right = Group.objects.create(name="Otra"), Permission.objects.get(codename="change_group")
    page = reverse("admin:core_staff_change", args=[person.uid])
    wanted = {"groups": [role.pk], "user_permissions": [right.pk], "is_superuser": "on", "is_staff": "on"}
    changed = {"username": "jefa", "first_name": "Eva", "is_active": "on", **wanted}
    assert signed_in(person).post(page, changed).status_code == 302
    person.refresh_from_db()
    assert (person.first_name, person.is_superuser, person.is_active) == ("Eva", is_superuser, True)
    assert not person.groups.exists()
    assert set(person.user_permissions.all()) == set(own)


def test_only_a_superuser_changes_a_superuser(boss):
    other = Staff.objects.create_superuser("root")
    page = reverse("admin:core_staff_change", args=[other.uid])
    assert boss.get(page).status_code == 200
    assert boss.post(page, {"username": "mine", "is_active": "on"}).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[other.uid])
    assert boss.post(password, {"password1": PASSWORD, "password2": PASSWORD}).status_code == 403


def test_the_right_to_change_people_does_not_make_superusers(boss):
    ana = Staff.objects.create_user("ana")
    page = reverse("admin:core_staff_change", args=[ana.uid])
    rights = [Permission.objects.first().pk]
    boss.post(page, {"username": "ana", "is_active": "on", "is_superuser": "on", "user_permissions": rights})
    ana.refresh_from_db()
    assert not ana.is_superuser
    assert not ana.user_permissions.exists()


def test_people_are_not_deleted(root):
    ana = Staff.objects.create_user("ana")
    assert root.post(reverse("admin:core_staff_delete", args=[ana.uid]), {"post": "yes"}).status_code == 403


def test_a_groups_new_rights_are_audited(root):
    group = Group.objects.create(name="Prueba")
    right = Permission.objects.get(codename="view_staff")
    root.post(
        reverse("admin:auth_group_change", args=[group.pk]), {"name": "Prueba", "permissions": [right.pk]}
    )
    entry = AuditEntry.objects.get()
    assert entry.action == "auth.group.changed"
    assert (entry.before, entry.after) == ({"permissions": []}, {"permissions": [str(right)]})


def test_an_audit_row_shows_what_changed_and_escapes_it(root):
    audit.record(
        "thing.done",
        actor=None,
        before={"name": "Ana", "same": 1},
        after={"name": "<script>x</script>", "same": 1},
    )
    page = root.get(
        reverse("admin:core_auditentry_change", args=[AuditEntry.objects.get().pk])
    ).content.decode()
    assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert "<script>x</script>" not in page
    assert "el sistema" in page


@pytest.mark.parametrize(
    "values", [(None, None), ("uno", ["dos"]), ({"a": None}, None), ([1, 2], {"a": {"b": 1}})]
)
def test_an_audit_row_of_any_shape_opens(root, values):
    before, after = values
    entry = audit.record("thing.done", actor=None, before=before, after=after)
    assert root.get(reverse("admin:core_auditentry_change", args=[entry.pk])).status_code == 200


def test_the_audit_trail_is_searched_by_object_and_filtered_by_person(root):
    ana = Staff.objects.create_user("ana")
    same = uuid.uuid4()
    audit.record("thing.done", actor=ana, target=("thing", same, "uno"))
    audit.record("thing.done", actor=None, target=("thing", same, "dos"))
    audit.record("other.done", actor=None, target=("thing", uuid.uuid4(), "tres"))
    page = reverse("admin:core_auditentry_changelist")

    def labels(**query) -> list[str]:
        return [entry.object_label for entry in root.get(page, query).context["cl"].result_list]

    assert labels(q=str(same)) == ["dos", "uno"]
    assert labels(q="other.done") == ["tres"]
    assert labels(actor=str(ana.uid)) == ["uno"]
    assert labels(actor="nonsense") == ["tres", "dos", "uno"]


def test_nobody_changes_the_audit_trail(root):
    entry = audit.record("thing.done", actor=None)
    page = reverse("admin:core_auditentry_change", args=[entry.pk])
    assert root.post(page, {"reason": "otra"}).status_code == 403
    assert root.get(reverse("admin:core_auditentry_add")).status_code == 403
    assert root.post(reverse("admin:core_auditentry_delete", args=[entry.pk])).status_code == 403


def test_another_tenants_audit_row_does_not_exist():
    ana = Staff.objects.create_user("ana", is_staff=True)
    ana.user_permissions.add(Permission.objects.get(codename="view_auditentry"))
    entry = audit.record("thing.done", actor=None, tenant_uid=uuid.uuid4())
    browser = signed_in(ana)
    assert browser.get(reverse("admin:core_auditentry_change", args=[entry.pk])).status_code == 404
    assert not browser.get(reverse("admin:core_auditentry_changelist")).context["cl"].result_list


def test_a_periodic_task_is_written_and_its_schedule_names_it(root):
    every = IntervalSchedule.objects.create(every=5, period="seconds")
    task = {"name": "Barrido", "task": "invoicing.sweep", "interval": every.pk, "enabled": "on", "args": "[]"}
    response = root.post(
        reverse("admin:django_celery_beat_periodictask_add"), task | {"kwargs": "{}", "headers": "{}"}
    )
    assert response.status_code == 302, response.context["adminform"].form.errors
    written = PeriodicTask.objects.get(name="Barrido")
    assert (
        root.get(reverse("admin:django_celery_beat_periodictask_change", args=[written.pk])).status_code
        == 200
    )
    schedule = root.get(reverse("admin:django_celery_beat_intervalschedule_change", args=[every.pk]))
    assert "Barrido" in schedule.content.decode()


def test_a_crontab_page_opens(root):
    crontab = CrontabSchedule.objects.create(minute="0", hour="6", timezone="America/Panama")
    page = reverse("admin:django_celery_beat_crontabschedule_change", args=[crontab.pk])
    assert root.get(page).status_code == 200
