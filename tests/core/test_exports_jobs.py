"""Long files: made by the workers, one per job whatever dies on the way, for their owner alone, and gone after a week."""

import csv
import io
from datetime import timedelta

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cifras.core.exports import delivering, jobs, limits, pulse
from cifras.core.exports.pulse import LeaseLost, Pulse
from cifras.core.models import AuditEntry, ExportJob, Staff
from cifras.core.tasks import exports_task
from tenants.models import Office, StaffGrant, Tenant
from tests.factories import a_staff_member, an_administrator

pytestmark = pytest.mark.django_db

LIST = reverse("admin:tenants_office_changelist")
RIGHTS = ("tenants.view_office", "core.export_lists")


@pytest.fixture
def tenant() -> Tenant:
    tenant = Tenant.objects.create(legal_name="Propia, S.A.", ruc="1-1-1", pac_company_id="own")
    for number in range(1, 6):
        Office.objects.create(
            tenant=tenant, code=f"000{number}", type="main" if number == 1 else "associated"
        )
    return tenant


@pytest.fixture
def person(tenant: Tenant, monkeypatch) -> Staff:
    """Somebody for whom five rows are many."""
    monkeypatch.setattr(delivering, "LONGEST_AT_ONCE", 2)
    monkeypatch.setattr(delivering, "LONGEST_XLSX_AT_ONCE", 2)
    return a_staff_member(tenant, permissions=RIGHTS)


@pytest.fixture
def browser(person: Staff) -> Client:
    return signed_in(person)


def signed_in(person: Staff) -> Client:
    client = Client()
    client.force_login(person)
    return client


def ask(browser: Client, form: str = "csv", query: str = "") -> ExportJob:
    answer = browser.post(f"{LIST}export/{query}", {"form": form})
    assert answer.status_code == 302
    job = ExportJob.objects.latest("pk")
    assert answer["Location"] == page(job)
    return job


def page(job: ExportJob, name: str = "change") -> str:
    return reverse(f"admin:core_exportjob_{name}", args=[job.uid])


def rows_of(response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode(), newline="")))[1:]


def stored(job: ExportJob) -> list[str]:
    try:
        return default_storage.listdir(f"exports/{job.uid}")[1]
    except FileNotFoundError:
        return []


def test_a_long_list_is_made_by_the_workers_and_fetched_by_its_owner(browser: Client, person: Staff) -> None:
    job = ask(browser, query="?type__exact=associated")
    waiting = browser.get(page(job)).content.decode()
    assert "En espera" in waiting
    assert "every 2s" in waiting
    call_command("work", "--until-idle")
    done = browser.get(page(job, "fragment")).content.decode()
    assert "Listo" in done
    assert "every 2s" not in done
    assert page(job, "file") in done
    answer = browser.get(page(job, "file"))
    assert answer["Content-Disposition"].startswith('attachment; filename="sucursales-')
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert len(rows_of(answer)) == 4
    acts = list(AuditEntry.objects.filter(action__startswith="export.").order_by("sequence"))
    assert [act.action for act in acts] == ["export.started", "export.finished", "export.downloaded"]
    assert acts[1].after["rows"] == 4
    assert {act.actor_uid for act in acts} == {person.uid}


def test_an_xlsx_is_made_as_well(browser: Client) -> None:
    job = ask(browser, "xlsx")
    jobs.run_due()
    job.refresh_from_db()
    assert (job.state, job.rows_written, len(job.sha256)) == ("DONE", 5, 64)
    assert b"".join(browser.get(page(job, "file")).streaming_content).startswith(b"PK")


def test_a_file_is_for_its_owner_alone(browser: Client, tenant: Tenant) -> None:
    job = ask(browser)
    jobs.run_due()
    for other in (a_staff_member(tenant, permissions=RIGHTS), an_administrator()):
        theirs = signed_in(other)
        assert [theirs.get(page(job, name)).status_code for name in ("change", "fragment", "file")] == [
            404
        ] * 3
        assert str(job.uid) not in theirs.get(reverse("admin:core_exportjob_changelist")).content.decode()
    assert str(job.uid) in browser.get(reverse("admin:core_exportjob_changelist")).content.decode()


def test_a_right_that_is_gone_closes_the_file(browser: Client, person: Staff) -> None:
    job = ask(browser)
    jobs.run_due()
    person.user_permissions.remove(*person.user_permissions.filter(codename="view_office"))
    assert browser.get(page(job, "file")).status_code == 403


def test_a_sight_that_is_gone_closes_the_file(browser: Client, person: Staff) -> None:
    job = ask(browser)
    jobs.run_due()
    StaffGrant.objects.create(
        staff=person, tenant=Tenant.objects.create(legal_name="Otra, S.A.", ruc="2-2-2", pac_company_id="x")
    )
    assert browser.get(page(job, "file")).status_code == 200
    StaffGrant.objects.filter(staff=person, tenant__ruc="1-1-1").delete()
    assert browser.get(page(job, "file")).status_code == 403


def test_the_rows_are_those_that_the_owner_may_see_when_it_is_made(browser: Client, person: Staff) -> None:
    job = ask(browser)
    StaffGrant.objects.filter(staff=person).delete()
    jobs.run_due()
    assert rows_of(browser.get(page(job, "file"))) == []


def test_whoever_may_no_longer_is_told_instead(browser: Client, person: Staff) -> None:
    job = ask(browser)
    person.user_permissions.remove(*person.user_permissions.filter(codename="view_office"))
    jobs.run_due()
    assert "Ya no tiene permiso para exportar esta lista." in browser.get(page(job)).content.decode()
    assert stored(job) == []


def test_a_killed_worker_leaves_nothing_behind_and_the_next_one_begins_anew(browser: Client) -> None:
    job = ask(browser)
    killed = jobs._claim()
    assert killed is not None
    default_storage.save(killed.file.name, ContentFile(b"half of it"))
    assert jobs.run_due() == 0  # its lease still runs
    with time_machine.travel(timezone.now() + pulse.LEASE + timedelta(seconds=1)):
        assert jobs.run_due() == 1
    job.refresh_from_db()
    assert (job.state, job.attempts, job.rows_written) == ("DONE", 2, 5)
    assert stored(job) == [job.file.name.rpartition("/")[2]]

    jobs._make(killed)  # it was only slow: its file counts no more
    assert stored(job) == [job.file.name.rpartition("/")[2]]
    assert len(rows_of(browser.get(page(job, "file")))) == 5


def test_a_job_that_kills_its_workers_is_given_up(browser: Client) -> None:
    job = ask(browser)
    for number in range(jobs.MOST_ATTEMPTS + 1):
        with time_machine.travel(timezone.now() + number * (pulse.LEASE + timedelta(seconds=1))):
            if number < jobs.MOST_ATTEMPTS:
                assert jobs._claim() is not None
            else:
                jobs.run_due()
    job.refresh_from_db()
    assert job.state == "FAILED"
    assert "se interrumpió varias veces" in browser.get(page(job)).content.decode()


def test_after_a_week_the_file_is_erased(browser: Client, person: Staff) -> None:
    job = ask(browser)
    jobs.run_due()
    with time_machine.travel(timezone.now() + jobs.KEPT_FOR + timedelta(minutes=1)):
        jobs.run_due()
        browser = signed_in(person)
        assert stored(job) == []
        assert browser.get(page(job, "file")).status_code == 404
        assert "Vencido" in browser.get(page(job)).content.decode()


def test_so_many_at_once_and_no_more(browser: Client) -> None:
    for _ in range(limits.JOBS_AT_ONCE):
        ask(browser)
    answer = browser.post(f"{LIST}export/", {"form": "csv"}, follow=True)
    assert "Ya se preparan 3 archivos suyos" in answer.content.decode()
    assert ExportJob.objects.count() == limits.JOBS_AT_ONCE


def test_the_workers_know_the_task() -> None:
    assert exports_task.name == jobs.TASK


@pytest.mark.django_db(transaction=True)
def test_progress_is_told_while_the_rows_are_written_and_a_lost_lease_stops_it(monkeypatch) -> None:
    monkeypatch.setattr(pulse, "_SECONDS", 0.0)
    owner = an_administrator()
    ExportJob.objects.create(owner=owner, list_name="tenants.office", form="csv", due_at=timezone.now())
    job = jobs._claim()
    assert job is not None
    with Pulse(job) as life:
        life.add(500)
        assert ExportJob.objects.get(pk=job.pk).rows_written == 500
        ExportJob.objects.filter(pk=job.pk).update(attempts=2)
        with pytest.raises(LeaseLost):
            life.add(500)
    assert ExportJob.objects.get(pk=job.pk).rows_written == 500
