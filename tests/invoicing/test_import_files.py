"""Reading files as people have them, and refusing those that mean harm before they do any."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from cifras.fiscal.errors import RuleBroken
from invoicing.services.importing import limits
from invoicing.services.importing.files import read_rows
from invoicing.services.importing.rows import Item, items

HEADER = "referencia;clase;tipo de receptor;nombre;descripción;cantidad;precio;tasa_itbms;forma de pago;monto pagado"


def read(content: bytes | str) -> list[Item]:
    raw = content if isinstance(content, bytes) else content.encode()
    return list(items(read_rows(io.BytesIO(raw))))


def data_of(content: bytes | str) -> list[Any]:
    found = [item.data for item in read(content)]
    assert not [each for each in found if isinstance(each, RuleBroken)]
    return found


def refusal(content: bytes | str) -> str:
    with pytest.raises(RuleBroken) as refused:
        read(content)
    assert refused.value.field == "file"
    return refused.value.code


def a_workbook(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def test_json_comes_as_an_object_a_list_or_lines() -> None:
    one, two = {"external_id": "A", "total": 1.5}, {"external_id": "B"}
    assert len(data_of(json.dumps(one, indent=2))) == 1
    for text in (
        json.dumps([one, two]),
        f"{json.dumps(one)}\n\n{json.dumps(two)}\n",
        f"\ufeff [{json.dumps(one)},{json.dumps(two)}]",
    ):
        assert [row["external_id"] for row in data_of(text)] == ["A", "B"]
    [row] = data_of(json.dumps(one))
    assert str(row["total"]) == "1.5"


def test_a_broken_line_is_one_row_and_a_broken_list_the_whole_file() -> None:
    found = read('{"external_id": "A"}\n{"external_id": \n{"external_id": "C", "external_id": "D"}\n[1]\n')
    codes = [each.data.code if isinstance(each.data, RuleBroken) else "" for each in found]
    assert codes == ["", "not_json", "not_json", "wrong_type"]
    assert [each.number for each in found] == [1, 2, 3, 4]
    assert refusal('[{"external_id": "A"}, {') == "not_json"
    assert refusal('[{"external_id": "A"} {"external_id": "B"}]') == "not_json"
    [deep] = read('{"a":' * 100_000)
    assert isinstance(deep.data, RuleBroken)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_csv_of_any_make_reads_the_same(encoding: str, delimiter: str) -> None:
    rows = [
        HEADER.split(";"),
        ["SO-1", "Factura", "Consumidor final", "Café Ñandú", "Línea uno", "1", "10.00", "7", "2", "21.40"],
        ["SO-1", "", "", "", "Línea dos", "1", "10.00", "7"],
        [],
        ["SO-2", "Nota de crédito", "", "", "Otra", "2", "5", "0", "", ""],
    ]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    first, second = read(text.encode(encoding))
    assert (first.number, first.row_count, second.number) == (2, 2, 5)
    assert first.data == {
        "external_id": "SO-1",
        "kind": "INVOICE",
        "receiver": {"type": "CONSUMIDOR_FINAL", "name": "Café Ñandú"},
        "lines": [
            {"description": "Línea uno", "quantity": "1", "unit_price": "10.00", "tax_rate": "7"},
            {"description": "Línea dos", "quantity": "1", "unit_price": "10.00", "tax_rate": "7"},
        ],
        "payments": [{"method": "02", "amount": "21.40"}],
    }
    assert isinstance(second.data, dict)
    assert second.data["kind"] == "CREDIT"


def test_a_spreadsheet_gives_back_its_zeros_and_days() -> None:
    import_header = [
        "Referencia externa",
        "Sucursal",
        "Punto",
        "DV",
        "Fecha",
        "Cantidad",
        "Descripción",
        "Retiene",
    ]
    book = a_workbook([import_header, ["SO-1", 1, 1, 5, "3/11/2026", 2.0, "=1+1", "sí"]])
    [row] = data_of(book)
    assert (row["office"], row["billing_point"], row["receiver"]["dv"]) == ("0001", "001", "05")
    assert row["issue_date"] == "2026-11-03T00:00:00-05:00"
    assert row["lines"] == [{"quantity": "2"}]  # a formula that was never computed has no value
    assert row["receiver"]["withholds"] is True


def test_what_rows_of_one_document_say_twice_must_agree() -> None:
    [item] = read("referencia,nombre,descripcion\nSO-1,Ana,uno\nSO-1,Eva,dos\n")
    assert isinstance(item.data, RuleBroken)
    assert (item.data.code, item.data.field, item.data.values["row"]) == ("rows_disagree", "receiver.name", 3)


def test_unknown_columns_and_stray_cells_are_named() -> None:
    [unknown] = read("referencia,invento\nSO-1,x\n")
    [stray] = read("referencia\nSO-1,más\n")
    codes = [each.data.code for each in (unknown, stray) if isinstance(each.data, RuleBroken)]
    assert codes == ["unknown_column", "too_many_cells"]


def test_movements_are_known_by_their_columns() -> None:
    [row] = data_of("documento,movimiento,monto,fecha,referencia\nSO-1,Retención,5.00,21/11/2026,RET-1\n")
    assert row == {
        "document": "SO-1",
        "kind": "WITHHOLDING",
        "amount": "5.00",
        "date": "2026-11-21",
        "external_reference": "RET-1",
    }


def zipped(**entries: bytes) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/"), content)
    return written.getvalue()


def a_tight_one() -> bytes:
    parts = {"[Content_Types].xml": b"<Types/>", "xl__workbook.xml": b"<workbook/>"}
    return zipped(**parts, xl__worksheets__sheet1=b"0" * (64 * 1024**2))


def many_entries() -> bytes:
    parts = {"[Content_Types].xml": b"<Types/>", "xl__workbook.xml": b"<workbook/>"}
    return zipped(**parts, **{f"xl__{number}": b"" for number in range(limits.MOST_ENTRIES)})


def with_entities() -> bytes:
    """A workbook whose sheet declares entities that grow."""
    book = a_workbook([["referencia"], ["SO-1"]])
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename.startswith("xl/worksheets/"):
                doctype = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
                start = content.index(b"?>") + 2 if content.startswith(b"<?xml") else 0
                content = content[:start] + doctype + content[start:]
            new.writestr(entry, content)
    return changed.getvalue()


def a_row_far_down() -> bytes:
    book = a_workbook([["referencia"], ["SO-1"]])
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.infolist():
            new.writestr(
                entry, old.read(entry).replace(b'r="2"', b'r="999999999"').replace(b"A2", b"A999999999")
            )
    return changed.getvalue()


def a_damaged_one() -> bytes:
    """A workbook in whose sheet the packed bytes are nonsense."""
    book = a_workbook([["referencia"], ["SO-1"]])
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        sheet = archive.getinfo("xl/worksheets/sheet1.xml")
    start = sheet.header_offset + 30 + len(sheet.filename)
    return book[:start] + b"\xff" * sheet.compress_size + book[start + sheet.compress_size :]


HARMFUL: dict[str, tuple[Callable[[], bytes], str]] = {
    "a workbook that unpacks without end": (a_tight_one, "unpacks_too_large"),
    "a workbook of a thousand parts": (many_entries, "unpacks_too_large"),
    "a workbook with entities": (with_entities, "not_xlsx"),
    "a workbook with a row a billion down": (a_row_far_down, "too_many_rows"),
    "a zip that is no workbook": (lambda: zipped(readme=b"hola"), "not_xlsx"),
    "a damaged workbook": (a_damaged_one, "not_xlsx"),
    "half a workbook": (lambda: a_workbook([["a"]])[:500], "not_xlsx"),
    "an old Excel": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 100, "old_excel"),
    "a program": (lambda: b"MZ\x90\x00\x03" + bytes(64), "not_text"),
    "nothing": (lambda: b"  \n", "empty_file"),
    "a cell without end": (lambda: b'referencia\n"' + b"x" * 200_000 + b'"\n', "cell_too_large"),
    "a long cell": (lambda: b"referencia\n" + b"x" * (limits.LONGEST_CELL + 1), "cell_too_large"),
    "quotes that never close": (lambda: b'referencia\nSO-1\n"abierta\n', "not_csv"),
    "a thousand columns": (lambda: b",".join(b"c%d" % n for n in range(1000)), "too_many_columns"),
    "more rows than are read": (lambda: b"referencia\n" + b"x\n" * (limits.MOST_ROWS + 1), "too_many_rows"),
    "a file too large": (lambda: b"x" * (limits.MOST_BYTES + 1), "file_too_large"),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_harmful_files_are_refused_whole(name: str) -> None:
    make, code = HARMFUL[name]
    assert refusal(make()) == code
