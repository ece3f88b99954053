import json
import pickle

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection
from django.forms import modelform_factory

from cifras.core.key_rotation import rotate, sealed_fields
from cifras.core.sealed import MASK, Secret, SecretUnreadable
from tenants.models import Tenant

pytestmark = pytest.mark.django_db


def make_tenant(**values) -> Tenant:
    number = Tenant.objects.count() + 1
    return Tenant.objects.create(**{"ruc": f"155-2-{number}", "legal_name": f"Empresa {number}"} | values)


def column(tenant: Tenant) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pac_token FROM tenants_tenant WHERE id = %s", [tenant.pk])
        return cursor.fetchone()[0]


def write_column(tenant: Tenant, text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tenants_tenant SET pac_token = %s WHERE id = %s", [text, tenant.pk])


def token_of(tenant: Tenant) -> Secret:
    return Tenant.objects.get(pk=tenant.pk).pac_token


def test_a_secret_comes_back_as_it_was_saved_and_the_database_never_sees_it():
    tenant = make_tenant(pac_token="llave de Ñandú")
    assert token_of(tenant).reveal() == "llave de Ñandú"
    assert "llave" not in column(tenant)


def test_bytes_come_back_as_bytes():
    tenant = make_tenant(pac_token=b"\x00\xff certificate")
    assert token_of(tenant).reveal_bytes() == b"\x00\xff certificate"
    with pytest.raises(TypeError):
        token_of(tenant).reveal()


def test_a_secret_shows_itself_only_when_asked():
    secret = token_of(make_tenant(pac_token="visible-canary"))
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r}", str([secret])]
    assert all("visible-canary" not in text and MASK in text for text in shown)
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize("nothing", ["", None, b""])
def test_no_secret_is_false_and_shows_nothing(nothing):
    tenant = make_tenant(pac_token=nothing)
    assert not token_of(tenant)
    assert str(token_of(tenant)) == ""
    assert token_of(tenant).reveal() == ""
    assert column(tenant) == ""


def test_saving_again_leaves_the_ciphertext_alone():
    tenant = make_tenant(pac_token="one")
    before = column(tenant)
    again = Tenant.objects.get(pk=tenant.pk)
    again.legal_name = "Otro nombre"
    again.save()
    assert column(tenant) == before


def test_an_assigned_secret_can_be_read_before_and_after_saving():
    tenant = make_tenant(pac_token="one")
    tenant.pac_token = "two"
    assert tenant.pac_token.reveal() == "two"
    tenant.save()
    assert tenant.pac_token.reveal() == token_of(tenant).reveal() == "two"
    tenant.refresh_from_db()
    assert tenant.pac_token.reveal() == "two"


def test_a_deferred_secret_is_fetched_when_asked():
    tenant = make_tenant(pac_token="later")
    assert Tenant.objects.defer("pac_token").get(pk=tenant.pk).pac_token.reveal() == "later"


def test_a_secret_of_one_row_given_to_another_is_sealed_for_its_new_owner():
    one, two = make_tenant(pac_token="shared"), make_tenant()
    two.pac_token = token_of(one)
    two.save()
    assert token_of(two).reveal() == "shared"
    assert column(one) != column(two)


def test_a_ciphertext_copied_to_another_row_is_refused():
    one, two = make_tenant(pac_token="one"), make_tenant(pac_token="two")
    write_column(two, column(one))
    with pytest.raises(SecretUnreadable):
        token_of(two).reveal()


def test_a_ciphertext_copied_to_another_field_is_refused():
    tenant = make_tenant(pac_token="one")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tenants_tenant SET webhook_secret = pac_token WHERE id = %s", [tenant.pk])
    with pytest.raises(SecretUnreadable):
        Tenant.objects.get(pk=tenant.pk).webhook_secret.reveal()


@pytest.mark.parametrize("planted", ["plain text", "gAAAAABm", "{}"])
def test_text_that_we_did_not_encrypt_is_refused_rather_than_believed(planted):
    tenant = make_tenant(pac_token="one")
    write_column(tenant, planted)
    with pytest.raises(SecretUnreadable) as caught:
        token_of(tenant).reveal()
    assert planted not in str(caught.value)


def test_a_changed_ciphertext_is_refused():
    tenant = make_tenant(pac_token="one")
    sealed = column(tenant)
    write_column(tenant, sealed[:40] + ("A" if sealed[40] != "A" else "B") + sealed[41:])
    with pytest.raises(SecretUnreadable):
        token_of(tenant).reveal()


def test_secrets_can_be_counted_but_not_searched():
    make_tenant(pac_token="one")
    make_tenant()
    assert Tenant.objects.exclude(pac_token="").count() == 1
    with pytest.raises(TypeError):
        Tenant.objects.filter(pac_token="one").exists()
    for lookup in ["startswith", "contains", "regex", "gt"]:
        with pytest.raises(FieldError):
            Tenant.objects.filter(**{f"pac_token__{lookup}": "o"}).exists()


def test_a_secret_cannot_be_written_in_clear_past_the_model():
    make_tenant(pac_token="one")
    with pytest.raises(TypeError):
        Tenant.objects.update(pac_token="two")


def test_bulk_create_seals_too():
    Tenant.objects.bulk_create([Tenant(ruc="1-1-1", legal_name="A", pac_token="bulk")])
    assert Tenant.objects.get().pac_token.reveal() == "bulk"


def test_no_form_shows_a_secret():
    assert "pac_token" not in modelform_factory(Tenant, fields=["legal_name", "pac_token"]).base_fields


def test_a_dump_holds_no_secret():
    make_tenant(pac_token="canary")
    with pytest.raises(Exception, match="sealed"):
        call_command("dumpdata", "tenants")


def rotation_of(label: str) -> dict:
    return {rotation.field: rotation for rotation in rotate()}[label]


def test_rotation_brings_every_secret_under_the_newest_key(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.CIFRAS_FIELD_KEYS = [old]
    tenants = [make_tenant(pac_token=f"token {number}") for number in range(3)]
    make_tenant()

    settings.CIFRAS_FIELD_KEYS = [new, old]
    late = make_tenant(pac_token="late")
    result = rotation_of("tenants.Tenant.pac_token")
    assert (result.rotated, result.current, result.unreadable) == (3, 1, 0)

    settings.CIFRAS_FIELD_KEYS = [new]
    assert [token_of(tenant).reveal() for tenant in tenants] == ["token 0", "token 1", "token 2"]
    assert token_of(late).reveal() == "late"


def test_a_second_rotation_finds_nothing_to_do(settings):
    settings.CIFRAS_FIELD_KEYS = [Fernet.generate_key().decode()]
    tenant = make_tenant(pac_token="one")
    settings.CIFRAS_FIELD_KEYS = [Fernet.generate_key().decode(), *settings.CIFRAS_FIELD_KEYS]
    rotation_of("tenants.Tenant.pac_token")
    sealed = column(tenant)
    result = rotation_of("tenants.Tenant.pac_token")
    assert (result.rotated, result.current) == (0, 1)
    assert column(tenant) == sealed


def test_rotation_does_not_launder_a_secret_that_is_not_the_rows_own(settings):
    settings.CIFRAS_FIELD_KEYS = [Fernet.generate_key().decode()]
    one, two = make_tenant(pac_token="one"), make_tenant(pac_token="two")
    write_column(two, column(one))
    settings.CIFRAS_FIELD_KEYS = [Fernet.generate_key().decode(), *settings.CIFRAS_FIELD_KEYS]
    result = rotation_of("tenants.Tenant.pac_token")
    assert (result.rotated, result.unreadable) == (1, 1)
    with pytest.raises(SecretUnreadable):
        token_of(two).reveal()


def test_rotation_goes_on_over_several_batches(settings, monkeypatch):
    monkeypatch.setattr("cifras.core.key_rotation.BATCH", 2)
    settings.CIFRAS_FIELD_KEYS = [Fernet.generate_key().decode()]
    for number in range(5):
        make_tenant(pac_token=f"token {number}")
    settings.CIFRAS_FIELD_KEYS = [Fernet.generate_key().decode(), *settings.CIFRAS_FIELD_KEYS]
    assert rotation_of("tenants.Tenant.pac_token").rotated == 5


def test_rotate_keys_prints_a_line_per_field_and_fails_on_an_unreadable_secret(capsys):
    tenant = make_tenant(pac_token="one")
    call_command("rotate_keys")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["field"] for line in lines} == {field.label for field in sealed_fields()}
    write_column(tenant, "planted")
    with pytest.raises(SystemExit) as caught:
        call_command("rotate_keys")
    assert caught.value.code == 1
