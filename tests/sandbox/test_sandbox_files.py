"""PDF and XML behind signed links that die young."""

from xml.etree import ElementTree

import requests

from tests.sandbox.bodies import invoice
from tests.sandbox.client import Client

RFE = "{http://dgi-fep.mef.gob.pa}"


def fetch(address: str) -> requests.Response:
    return requests.get(address, timeout=5)


def test_the_pdf_is_a_pdf_and_the_same_every_time(pac: Client) -> None:
    document = pac.issue(invoice())
    answer = fetch(document["pdf"])
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    content = answer.content
    assert content.startswith(b"%PDF-1.4")
    assert content.endswith(b"%%EOF\n")
    assert document["cufe"].encode() in content
    assert "SIN VALIDEZ".encode("cp1252") in content
    start = int(content.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert content[start:].startswith(b"xref")
    assert fetch(pac.read(document["id"])["pdf"]).content == content


def test_every_object_of_the_pdf_is_where_its_table_says(pac: Client) -> None:
    content = fetch(pac.issue(invoice())["pdf"]).content
    table = content[content.rindex(b"\nxref") :].split(b"\n")
    for number, row in enumerate(table[4:9], start=1):
        assert content[int(row[:10]) :].startswith(b"%d 0 obj" % number)


def test_the_xml_tells_what_was_issued(pac: Client) -> None:
    body = invoice(9)
    body["items"][0]["description"] = "Tornillos <3/4> & tuercas (surtidos)"
    document = pac.issue(body)
    root = ElementTree.fromstring(fetch(document["xml"]).content)
    assert root.findtext(f"{RFE}dId") == document["cufe"]
    assert root.findtext(f".//{RFE}dDescProd") == "Tornillos <3/4> & tuercas (surtidos)"
    assert root.findtext(f"{RFE}gTot/{RFE}dVTot") == "107.00"
    assert fetch(document["pdf"]).status_code == 200


def test_a_link_dies_by_the_clock_and_a_fresh_one_lives(pac: Client) -> None:
    document = pac.issue(invoice())
    pac.sandbox.clock.advance(seconds=301)
    assert fetch(document["pdf"]).status_code == 403
    assert fetch(document["xml"]).status_code == 403
    assert fetch(pac.read(document["id"])["pdf"]).status_code == 200


def test_a_link_cannot_be_forged(pac: Client) -> None:
    document = pac.issue(invoice())
    assert fetch(document["pdf"].replace("expires=", "expires=9")).status_code == 403
    assert fetch(document["pdf"][:-1] + "x").status_code == 403
    assert fetch(document["pdf"].partition("?")[0]).status_code == 403
    assert fetch(document["xml"].replace(".xml", ".pdf")).status_code == 403


def test_a_token_sent_along_is_refused(pac: Client) -> None:
    assert pac.session.get(pac.issue(invoice())["pdf"], timeout=5).status_code == 400


def test_the_pdf_may_come_later_than_the_authorisation(pac: Client) -> None:
    pac.sandbox.behaviour.pdf_after = 120
    document = pac.issue(invoice())
    assert (document["legalStatus"], "pdf" in document, "xml" in document) == ("DGI_AUTHORIZED", False, True)
    pac.sandbox.clock.advance(seconds=121)
    assert "pdf" in pac.read(document["id"])


def test_the_pdfs_address_comes_only_when_asked_for(pac: Client) -> None:
    document_id = pac.issue(invoice())["id"]
    assert "pdf" not in pac.get(f"/invoices/{document_id}").json()["document"]


def test_the_qr_leads_to_a_public_page(pac: Client) -> None:
    document = pac.issue(invoice())
    assert f"chFE={document['cufe']}&iAmb=2&" in document["qr"]
    assert document["cufe"] in fetch(document["qr"]).text
    pac.void(document["id"])
    assert "ANULADA" in fetch(document["qr"]).text
    assert fetch(document["qr"].replace("chFE=FE01", "chFE=FE02")).status_code == 404


def test_a_download_may_fail_on_order(pac: Client) -> None:
    document = pac.issue(invoice())
    pac.sandbox.faults.add("403", "download_pdf")
    assert [fetch(document["pdf"]).status_code for _ in range(2)] == [403, 200]
