"""Companies, affiliation, offices, check digits and catalogues."""

from typing import Any

import pytest

from tests.sandbox.bodies import ISSUER_RUC, example, invoice
from tests.sandbox.client import Client

RUC = "155646463-2-2017"


def flat(**changes: Any) -> dict[str, Any]:
    return example("14") | {"ruc": RUC, "checkDigit": "86"} | changes


def nested(**changes: Any) -> dict[str, Any]:
    return example("15") | {"ruc": RUC, "checkDigit": "86"} | changes


def office(**changes: Any) -> dict[str, Any]:
    return example("16") | changes


@pytest.mark.parametrize(
    "body", [flat(), nested(), nested(typeRuc=2)], ids=["flat", "nested", "plain typeRuc"]
)
def test_a_company_is_registered_in_either_shape(body: dict[str, Any], pac: Client) -> None:
    answer = pac.post("/companies", body)
    assert answer.status_code == 201
    company = answer.json()
    assert (company["ruc"], company["typeRuc"], company["affiliated"]) == (RUC, {"code": 2}, None)
    assert pac.get(f"/companies/{company['id']}").json() == company


def test_certificates_and_passwords_are_kept_nowhere(pac: Client) -> None:
    pac.post("/companies", flat(certificatePassword="a-very-special-word"))
    pac.post("/companies", nested(ruc="155587169-2-2014", checkDigit="09"))
    seen = pac.control("GET", "/requests").text + pac.control("GET", "/state").text
    assert "a-very-special-word" not in seen
    assert "solo-ejemplo" not in seen
    assert example("14")["certificate"] not in seen


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (flat(checkDigit="68"), "The check digit is not valid"),
        (flat(ruc="no-ruc"), "The RUC is not valid"),
        (flat(ruc=ISSUER_RUC, checkDigit="59"), "Company already exists"),
        (flat(certificate="no base64!"), "instance.certificate does not match pattern"),
        (flat(rucType=2), "instance.rucType is not of a type(s) string"),
        (flat(motivo="x"), "instance is not allowed to have the additional property"),
        (nested(typeRuc={"code": 3}), "instance.typeRuc.code is not one of enum values: 1,2"),
        (nested(certificates={"signature": {}}), 'instance.certificates requires property "authentication"'),
        ({}, 'instance requires property "ruc"'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_company_that_cannot_be_is_refused(body: dict[str, Any], complaint: str, pac: Client) -> None:
    answer = pac.post("/companies", body)
    assert answer.status_code == 400
    assert complaint in str(answer.json()["message"])
    assert len(pac.sandbox.authority.companies) == 1


def test_companies_are_listed_by_type(pac: Client) -> None:
    pac.post("/companies", nested(type="main"))
    assert len(pac.get("/companies").json()) == 2
    assert [each["ruc"] for each in pac.get("/companies", type="main").json()] == [RUC]
    assert pac.get("/companies", active="false").json() == []
    assert pac.get("/company").json()["ruc"] == RUC


def test_a_company_is_changed_member_by_member(pac: Client) -> None:
    path = f"/companies/{pac.company.id}"
    assert pac.call("PATCH", path, {"tradeName": "Nueva", "qr": "123456789"}).json()["qr"] == "123456789"
    assert pac.get(path).json()["tradeName"] == "Nueva"
    assert pac.call("PATCH", path, {"ruc": "1-1-1"}).status_code == 400
    assert pac.call("PATCH", "/companies/nobody", {"tradeName": "Nueva"}).status_code == 404


def test_affiliation_asks_for_a_code_and_then_subscribes(pac: Client) -> None:
    company_id = pac.post("/companies", flat()).json()["id"]

    def affiliate(step: str) -> Any:
        return pac.get("/company-affiliate", idCompany=company_id, affiliationType=step)

    assert affiliate("1").status_code == 400
    assert affiliate("3").json()["qr"].startswith("http")
    assert pac.get(f"/companies/{company_id}").json()["affiliated"] == "REQUESTED"
    assert pac.post("/invoices", invoice(), idCompany=company_id).json()["code"] == "AP1010"
    assert affiliate("1").json() == {"message": "Affiliation completed", "affiliated": "SUBSCRIBED"}
    assert [affiliate("3").status_code, affiliate("1").json()["affiliated"]] == [200, "SUBSCRIBED"]
    assert len(pac.get(f"/companies/{company_id}").json()["qr"]) == 9
    assert pac.post("/invoices", invoice(), idCompany=company_id).status_code == 200
    assert affiliate("2").status_code == 400


def test_affiliation_waits_for_the_customer_when_told_to(pac: Client) -> None:
    pac.sandbox.behaviour.auto_scan = False
    company_id = pac.post("/companies", flat()).json()["id"]
    query = {"idCompany": company_id, "affiliationType": "1"}
    qr = pac.get("/company-affiliate", **query | {"affiliationType": "3"}).json()["qr"]
    assert pac.get("/company-affiliate", **query).json()["affiliated"] == "REQUESTED"
    assert "REQUESTED" in pac.session.get(qr, timeout=5).text
    assert pac.control("POST", "/scan", {"company_id": company_id}).status_code == 200
    assert pac.get("/company-affiliate", **query).json()["affiliated"] == "SUBSCRIBED"


def test_offices_are_added_listed_and_read(pac: Client) -> None:
    path = f"/companies/{pac.company.id}/offices"
    answer = pac.post(path, office(type="main"))
    assert answer.status_code == 201
    made = answer.json()
    assert {name: made[name] for name in office()} == office(type="main")
    assert pac.get(path).json() == [made]
    assert pac.get(f"{path}/{made['id']}").json() == made
    assert pac.get(f"/companies/{pac.company.id}/office").json() == made
    assert pac.issue({"idOffice": made["id"], **invoice()})["cufe"][28:32] == "0001"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"code": "1"}, "instance.code does not match pattern"),
        ({"coordinates": "9.00, -79.52"}, "instance.coordinates does not match pattern"),
        ({"location": "88-8-11"}, "instance.location does not match pattern"),
        ({"telephone": "+507 200-0000-1"}, "instance.telephone does not meet maximum length of 12"),
        ({"email": None}, "instance.email is not of a type(s) string"),
        ({"code": "0009"}, "Office code already exists"),
        ({"type": "main"}, "The company has a main office"),
    ],
)
def test_an_office_that_cannot_be_is_refused(changes: dict[str, Any], complaint: str, pac: Client) -> None:
    pac.sandbox.authority.add_office(pac.company.id, code="0009")
    answer = pac.post(f"/companies/{pac.company.id}/offices", office(**changes))
    assert answer.status_code == 400
    assert complaint in str(answer.json()["message"])


def test_the_main_office_may_have_to_be_patched(pac: Client) -> None:
    pac.sandbox.behaviour.main_office_by_patch = True
    path, body = f"/companies/{pac.company.id}", office(type="main", code="0000")
    assert pac.get(f"{path}/office").status_code == 404
    assert pac.post(f"{path}/offices", body).status_code == 400
    made = pac.call("PATCH", f"{path}/office", body).json()
    changed = pac.call("PATCH", f"{path}/office", body | {"telephone": "300-0000"}).json()
    assert (changed["id"], changed["telephone"]) == (made["id"], "300-0000")
    assert pac.call("PATCH", f"{path}/office", office()).status_code == 400


@pytest.mark.parametrize("kind", ["JURIDICO", "2"])
def test_a_check_digit_is_told_with_the_kind_of_receiver(kind: str, pac: Client) -> None:
    expected = {"checkDigit": "86", "receiver": "CONTRIBUYENTE", "type": "JURIDICO"}
    assert pac.get("/check-digit", ruc=RUC, type=kind).json() == expected


def test_who_receives_may_be_told_otherwise(pac: Client) -> None:
    assert pac.get("/check-digit", ruc="8-NT-1-419", type="JURIDICO").json()["receiver"] == "GOBIERNO"
    pac.control("POST", "/ruc", {"ruc": RUC, "receiver": "CONSUMIDOR_FINAL"})
    assert pac.get("/check-digit", ruc=RUC, type="JURIDICO").json()["receiver"] == "CONSUMIDOR_FINAL"
    pac.control("POST", "/ruc", {"ruc": RUC})
    answer = pac.get("/check-digit", ruc=RUC, type="JURIDICO")
    assert (answer.status_code, answer.json()) == (400, {"code": 400, "message": "RUC not found"})


@pytest.mark.parametrize(
    "query", [{"ruc": "1-2", "type": "NATURAL"}, {"ruc": RUC}, {"ruc": RUC, "type": "OTRO"}]
)
def test_a_check_digit_needs_a_ruc_and_its_type(query: dict[str, str], pac: Client) -> None:
    assert pac.get("/check-digit", **query).status_code == 400


def test_the_type_of_a_taxpayer_may_be_wanted_in_one_way_only(pac: Client) -> None:
    pac.sandbox.behaviour.check_digit_type = "numbers"
    assert pac.get("/check-digit", ruc=RUC, type="JURIDICO").status_code == 400
    pac.sandbox.behaviour.check_digit_type = "words"
    assert pac.get("/check-digit", ruc=RUC, type="2").status_code == 400


def test_catalogues_have_a_sample(pac: Client) -> None:
    goods = pac.get("/goods-and-services").json()
    assert {"code": "1411", "description": "Productos de papel", "unit": "und"} in goods
    assert pac.get("/dgi/goods-and-services").json() == goods
    locations = {row["code"]: row["label"] for row in pac.get("/dgi/locations").json()}
    assert locations["8-8-7"] == "PANAMA, PANAMA, BELLA VISTA"
    assert {"code": "8-8", "label": "PANAMA"} in pac.get("/dgi/districts").json()
    assert pac.get("/dgi/planets").status_code == 404
