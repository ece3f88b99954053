"""Files of a document: fetched over real sockets, judged by content, kept once, handed only to those who may see them."""

import hashlib
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, default_storage
from django.db import connection

from cifras.pac.contract import PacAnswer
from cifras.pac.errors import NotDelivered
from invoicing.models import Attachment, Document, TimelineEvent
from invoicing.services.attachments import attach_files, verify_file
from tests.document_rows import CUFE, a_document
from tests.file_server import PDF, XML, FileServer, Talk, answering, by_path, file_server

DIGEST = hashlib.sha256(PDF).hexdigest()

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_store(monkeypatch: pytest.MonkeyPatch) -> InMemoryStorage:
    """A store of its own for every test."""
    store = InMemoryStorage()
    monkeypatch.setattr(default_storage, "_wrapped", store)
    return store


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as here:
        here.answer = by_path(
            {"/a.pdf": answering(PDF), "/a.xml": answering(XML, content_type="application/xml")}
        )
        yield here


@pytest.fixture
def document() -> Document:
    return a_document()


def pdf_of(server: FileServer, path: str = "/a.pdf?sig=secret-key") -> PacAnswer:
    return PacAnswer(pdf_url=server.url(path))


def files_of(document: Document) -> list[str]:
    """The names in the document's folder of the store."""
    folder = f"{document.tenant.uid}/{document.uid}"
    return sorted(default_storage.listdir(folder)[1]) if default_storage.exists(folder) else []


def told(document: Document) -> list[str]:
    events = TimelineEvent.objects.filter(document_uid=document.uid).order_by("id")
    return [event.detail.get("reason") or event.code for event in events]


# Keeping


def test_the_files_an_answer_offers_are_kept_with_their_names_and_hashes(
    server: FileServer, document: Document
) -> None:
    exchange_id = str(uuid.uuid4())
    answer = PacAnswer(pdf_url=server.url("/a.pdf"), xml_url=server.url("/a.xml"), exchange_id=exchange_id)
    assert attach_files(document, answer, source="webhook") is True
    pdf, xml = Attachment.objects.order_by("kind")
    assert (pdf.kind, pdf.filename, pdf.sha256, pdf.size_bytes) == ("PDF", f"{CUFE}.pdf", DIGEST, len(PDF))
    assert (xml.kind, xml.filename, xml.source) == ("XML", f"{CUFE}.xml", "webhook")
    assert pdf.file.name == f"{document.tenant.uid}/{document.uid}/{DIGEST}.pdf"
    assert pdf.file.read() == PDF
    assert document.has_pdf
    document.refresh_from_db()
    assert document.has_pdf
    events = TimelineEvent.objects.order_by("id")
    assert [(event.code, str(event.exchange_uid)) for event in events] == [
        ("pdf_attached", exchange_id),
        ("xml_attached", exchange_id),
    ]


def test_the_same_file_is_kept_once_however_often_it_comes(server: FileServer, document: Document) -> None:
    for source in ("webhook", "poll", "manual"):
        assert attach_files(document, pdf_of(server), source=source) is True
    assert Attachment.objects.count() == 1
    assert files_of(document) == [f"{DIGEST}.pdf"]
    assert told(document) == ["pdf_attached"]


def test_a_pdf_that_was_made_anew_is_kept_beside_the_first(server: FileServer, document: Document) -> None:
    attach_files(document, pdf_of(server), source="webhook")
    server.answer = answering(PDF + b"% made anew\n%%EOF\n")
    assert attach_files(document, pdf_of(server), source="manual") is True
    assert Attachment.objects.filter(kind="PDF").count() == 2
    assert all(verify_file(attachment) for attachment in Attachment.objects.all())


def test_two_documents_with_the_same_file_have_one_each(server: FileServer) -> None:
    first, second = a_document(), a_document(cufe="", kind="CREDIT")
    assert attach_files(first, pdf_of(server), source="poll") and attach_files(
        second, pdf_of(server), source="poll"
    )
    assert files_of(first) == files_of(second) == [f"{DIGEST}.pdf"]
    assert Attachment.objects.values("file").distinct().count() == 2


def test_an_answer_without_links_attaches_nothing(document: Document) -> None:
    assert attach_files(document, PacAnswer(), source="poll") is False
    assert told(document) == []


def test_an_xml_alone_does_not_count_as_the_pdf(server: FileServer, document: Document) -> None:
    assert attach_files(document, PacAnswer(xml_url=server.url("/a.xml")), source="poll") is True
    document.refresh_from_db()
    assert not document.has_pdf


@pytest.mark.parametrize(
    "cufe", ["", "../../../etc/passwd", 'FE"; filename="x', "FE\r\nX-Injected: 1", "FE.exe"]
)
def test_a_strange_cufe_does_not_become_a_name(cufe: str, server: FileServer) -> None:
    document = a_document(cufe=cufe)
    attach_files(document, pdf_of(server), source="poll")
    attachment = Attachment.objects.get()
    assert attachment.filename == f"{document.uid}.pdf"
    assert attachment.file.name == f"{document.tenant.uid}/{document.uid}/{DIGEST}.pdf"


def test_a_kept_file_that_changed_or_was_lost_is_noticed(server: FileServer, document: Document) -> None:
    attach_files(document, pdf_of(server), source="poll")
    attachment = Attachment.objects.get()
    assert verify_file(attachment)
    with default_storage.open(attachment.file.name, "wb") as stored:
        stored.write(PDF.replace(b"Catalog", b"Katalog"))
    assert not verify_file(Attachment.objects.get())
    default_storage.delete(attachment.file.name)
    assert not verify_file(Attachment.objects.get())


# What does not arrive


@pytest.mark.parametrize(
    "answer",
    [
        answering(b"<html>Sign in</html>", content_type="text/html"),
        answering(b"<html>Sign in</html>"),
        answering(PDF, content_type="text/html"),
        answering(PDF, content_type="image/svg+xml"),
        answering(PDF.replace(b"%%EOF", b"")),
        answering(PDF + b" " * 2000),
        answering(b"\n" + PDF),
        answering(b""),
    ],
)
def test_what_is_not_a_whole_pdf_is_not_kept(
    answer: Callable[[Talk], None], server: FileServer, document: Document
) -> None:
    server.answer = answer
    assert attach_files(document, pdf_of(server), source="poll") is False
    document.refresh_from_db()
    assert not document.has_pdf
    assert (Attachment.objects.count(), files_of(document), told(document)) == (0, [], ["content"])


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    "content",
    [
        BOMB,
        b'<?xml version="1.0"?>\n<!-- hidden -->' + BOMB,
        BOMB.decode().encode("utf-16"),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b"<x>&undeclared;</x>",
        b"<x><y></x>",
        b"<x>",
        b"text",
        b"",
        PDF,
    ],
)
def test_an_xml_with_a_document_type_or_not_well_formed_is_not_kept(
    content: bytes, server: FileServer, document: Document
) -> None:
    server.answer = answering(content, content_type="application/xml")
    assert attach_files(document, PacAnswer(xml_url=server.url()), source="poll") is False
    assert (files_of(document), told(document)) == ([], ["content"])


@pytest.mark.parametrize("content_type", ["application/octet-stream", "binary/octet-stream", "text/xml"])
def test_the_content_counts_where_the_server_names_no_better_type(
    content_type: str, server: FileServer, document: Document
) -> None:
    server.answer = answering(b"\xef\xbb\xbf" + XML, content_type=content_type)
    assert attach_files(document, PacAnswer(xml_url=server.url()), source="poll") is True


def test_one_file_that_fails_does_not_keep_the_other_out(server: FileServer, document: Document) -> None:
    answer = PacAnswer(pdf_url=server.url("/a.pdf"), xml_url=server.url("/missing.xml"))
    assert attach_files(document, answer, source="poll") is False
    document.refresh_from_db()
    assert document.has_pdf
    assert told(document) == ["pdf_attached", "expired"]


def test_a_failure_is_told_once_until_something_else_happens(server: FileServer, document: Document) -> None:
    good, server.answer = server.answer, answering(b"", status="503 Later")
    attach_files(document, pdf_of(server), source="poll")
    attach_files(document, pdf_of(server), source="webhook")
    server.answer = answering(b"", status="403 No")
    attach_files(document, pdf_of(server), source="poll")
    server.answer = good
    attach_files(document, pdf_of(server), source="poll")
    server.answer = answering(b"", status="403 No")
    attach_files(document, pdf_of(server), source="poll")
    assert told(document) == ["status", "expired", "pdf_attached", "expired"]


def test_failures_of_two_kinds_are_each_told_once(server: FileServer, document: Document) -> None:
    answer = PacAnswer(pdf_url=server.url("/gone.pdf"), xml_url=server.url("/gone.xml"))
    for source in ("poll", "webhook", "poll"):
        attach_files(document, answer, source=source)
    events = TimelineEvent.objects.order_by("id")
    assert [event.detail["kind"] for event in events] == ["PDF", "XML"]


def test_what_is_told_and_logged_leaves_out_the_link(
    server: FileServer, document: Document, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = answering(b"", status="403 No")
    attach_files(document, pdf_of(server), source="poll")
    event = TimelineEvent.objects.get()
    assert event.detail["kind"] == "PDF"
    assert (event.detail["code"], event.detail["source"]) == ("link_expired", "poll")
    assert "127.0.0.1" in event.detail["message"]
    assert str(document.uid) in caplog.text
    assert "secret-key" not in f"{event.detail} {caplog.text}"


def test_a_host_that_is_not_on_the_list_is_not_asked(
    server: FileServer, document: Document, settings: Any
) -> None:
    settings.PAC_FILE_HOSTS = ["files.example"]
    assert attach_files(document, pdf_of(server), source="poll") is False
    assert (server.talks, told(document)) == ([], ["host"])


def test_http_and_this_machine_need_the_setting_that_says_insecure(
    server: FileServer, document: Document, settings: Any
) -> None:
    settings.PAC_ALLOW_INSECURE_FILES = False
    assert attach_files(document, pdf_of(server), source="poll") is False
    assert (server.talks, told(document)) == ([], ["scheme"])


def test_an_error_of_the_store_is_not_swallowed(
    server: FileServer, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(InMemoryStorage, "_save", full)
    with pytest.raises(OSError, match="no space left"):
        attach_files(document, pdf_of(server), source="poll")
    assert Attachment.objects.count() == 0
    document.refresh_from_db()
    assert not document.has_pdf


# Links that expire


class Fresh:
    """Reads the document anew, and counts how often."""

    def __init__(self, answer: PacAnswer | Exception) -> None:
        self.answer, self.times = answer, 0

    def __call__(self) -> PacAnswer:
        self.times += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_expired_links_are_replaced_by_fresh_ones_with_one_question(
    server: FileServer, document: Document
) -> None:
    old = PacAnswer(pdf_url=server.url("/old.pdf"), xml_url=server.url("/old.xml"))
    fresh = Fresh(PacAnswer(pdf_url=server.url("/a.pdf"), xml_url=server.url("/a.xml")))
    assert attach_files(document, old, source="webhook", refetch=fresh) is True
    assert fresh.times == 1
    assert [talk.path for talk in server.talks] == ["/old.pdf", "/a.pdf", "/a.xml"]
    assert told(document) == ["pdf_attached", "xml_attached"]


def test_a_fresh_link_that_does_not_open_either_is_not_asked_for_again(
    server: FileServer, document: Document
) -> None:
    old = PacAnswer(pdf_url=server.url("/old.pdf"), xml_url=server.url("/old.xml"))
    fresh = Fresh(PacAnswer(pdf_url=server.url("/older.pdf"), xml_url=server.url("/older.xml")))
    assert attach_files(document, old, source="webhook", refetch=fresh) is False
    assert fresh.times == 1
    assert told(document) == ["expired", "expired"]


@pytest.mark.parametrize("answer", [PacAnswer(), NotDelivered()])
def test_without_a_fresh_link_the_file_waits(
    answer: PacAnswer | Exception, server: FileServer, document: Document
) -> None:
    fresh = Fresh(answer)
    assert attach_files(document, pdf_of(server, "/old.pdf"), source="webhook", refetch=fresh) is False
    assert fresh.times == 1
    assert TimelineEvent.objects.get().code == "file_failed"


def test_a_link_that_opens_is_not_renewed(server: FileServer, document: Document) -> None:
    fresh = Fresh(PacAnswer())
    assert attach_files(document, pdf_of(server), source="webhook", refetch=fresh) is True
    assert fresh.times == 0


# Races


def test_who_comes_second_takes_its_own_file_away(
    server: FileServer, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker attaches the same file after our look and before our writing."""
    save = InMemoryStorage._save
    overtaken = iter([True])

    def overtake(self: InMemoryStorage, name: str, content: Any) -> str:
        if next(overtaken, False):
            assert attach_files(document, pdf_of(server), source="webhook") is True
            name = self.get_available_name(name)
        return save(self, name, content)

    monkeypatch.setattr(InMemoryStorage, "_save", overtake)
    assert attach_files(document, pdf_of(server), source="poll") is True
    attachment = Attachment.objects.get()
    assert attachment.source == "webhook"
    assert files_of(document) == [f"{DIGEST}.pdf"]
    assert verify_file(attachment)
    assert told(document) == ["pdf_attached"]


def test_in_a_store_that_overwrites_the_second_does_not_delete_the_file_of_the_first(
    server: FileServer, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = InMemoryStorage._save
    overtaken = iter([True])

    def overtake(self: InMemoryStorage, name: str, content: Any) -> str:
        if next(overtaken, False):
            assert attach_files(document, pdf_of(server), source="webhook") is True
        return save(self, name, content)

    monkeypatch.setattr(InMemoryStorage, "_save", overtake)
    assert attach_files(document, pdf_of(server), source="poll") is True
    assert verify_file(Attachment.objects.get())


def test_the_file_of_a_worker_that_died_before_its_row_is_taken_over(
    server: FileServer, document: Document
) -> None:
    name = f"{document.tenant.uid}/{document.uid}/{DIGEST}.pdf"
    default_storage.save(name, ContentFile(PDF))
    assert attach_files(document, pdf_of(server), source="poll") is True
    assert Attachment.objects.get().file.name == name
    assert files_of(document) == [f"{DIGEST}.pdf"]


def test_half_a_file_of_a_worker_that_died_is_not_taken_for_the_whole(
    server: FileServer, document: Document
) -> None:
    default_storage.save(f"{document.tenant.uid}/{document.uid}/{DIGEST}.pdf", ContentFile(PDF[:20]))
    assert attach_files(document, pdf_of(server), source="poll") is True
    assert verify_file(Attachment.objects.get())


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_file_leave_one_row_and_one_file(
    server: FileServer, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_are_writing = threading.Barrier(2, timeout=30)
    save = InMemoryStorage.save

    def together(self: InMemoryStorage, *args: Any, **options: Any) -> str:
        both_are_writing.wait()
        return save(self, *args, **options)

    monkeypatch.setattr(InMemoryStorage, "save", together)

    def attach(source: str) -> bool:
        try:
            return attach_files(Document.objects.get(pk=document.pk), pdf_of(server), source=source)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as workers:
        assert list(workers.map(attach, ["webhook", "poll"])) == [True, True]
    attachment = Attachment.objects.get()
    assert verify_file(attachment)
    assert files_of(document) == [attachment.file.name.rpartition("/")[2]]
    assert told(document) == ["pdf_attached"]
    document.refresh_from_db()
    assert document.has_pdf
