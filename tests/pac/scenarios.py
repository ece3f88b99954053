"""The contract's ten documents as drafts of ours."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from cifras.fiscal.document import (
    Contributor,
    DocumentDraft,
    Exportation,
    ForeignId,
    Instalment,
    Issuer,
    Kind,
    Line,
    Mode,
    Party,
    Payment,
    PaymentTime,
    ReceiverType,
    Reference,
)
from tests.pac.golden import CUFE, DOCUMENT_ID, OFFICE_ID

D = Decimal
ISSUED = datetime(2026, 11, 19, 10, 15, tzinfo=timezone(timedelta(hours=-5)))
ISSUER = Issuer("155999901-2-2021", Contributor.JURIDICO, "38", "Tienda de Ejemplo, S.A.")
COMPANY = Party(
    type=ReceiverType.CONTRIBUYENTE,
    name="Comercial Ejemplo Uno, S.A.",
    contributor=Contributor.JURIDICO,
    ruc="155999902-2-2020",
    dv="00",
    address="Calle Ficticia 10, Edificio Muestra, piso 2",
    location="8-8-7",
    telephones=("200-0001",),
    emails=("pagos@ejemplo-uno.test",),
)
CONSUMER = Party(
    type=ReceiverType.CONSUMIDOR_FINAL,
    name="Consumidor Final",
    address="Sin dirección",
    emails=("cliente@ejemplo.test",),
)
MINISTRY = Party(
    type=ReceiverType.GOBIERNO,
    name="Entidad Pública de Ejemplo",
    contributor=Contributor.JURIDICO,
    ruc="8-NT-2-99999",
    dv="00",
    address="Avenida Imaginaria, Ciudad de Panamá",
    location="8-8-1",
    telephones=("500-0002",),
    emails=("compras@entidad-ejemplo.test",),
)
IMPORTER = Party(
    type=ReceiverType.EXTRANJERO,
    name="Sample Imports LLC",
    address="1 Nowhere Road, Miami, FL",
    country="US",
    telephones=("500-0003",),
    emails=("ap@sample-imports.test",),
    foreign_id=ForeignId("PAS-X0000001", "Estados Unidos"),
)
WITHHOLDER = replace(
    COMPANY,
    name="Gran Contribuyente de Ejemplo, S.A.",
    ruc="155999903-2-2018",
    withholds=True,
    retention_code="4",
)


def line(description: str, quantity: str, price: str, rate: str, code: str, **changes: Any) -> Line:
    return Line(description, D(quantity), D(price), D(rate), code=code, **changes)


def invoice(number: str, *lines: Line, paid: str, **changes: Any) -> DocumentDraft:
    draft = DocumentDraft(
        kind=Kind.INVOICE,
        mode=Mode.DGI,
        issuer=ISSUER,
        receiver=COMPANY,
        lines=lines,
        payment_time=PaymentTime.CASH,
        payments=(Payment("02", D(paid)),),
        issue_date=ISSUED,
        office_code="0001",
        pac_office_id=OFFICE_ID,
        number=number,
        security_code="123456789",
    )
    return replace(draft, **changes)


CONSULTING = line("Servicio de consultoría", "2", "150.00", "7", "SKU-001")
CHAIRS = line("Silla de oficina", "3", "89.95", "7", "SKU-002", unit_discount=D("5.00"))
RETURNED = replace(CHAIRS, description="Devolución: silla de oficina", quantity=D(1), code="SKU-001")
NOTE = {"kind": Kind.CREDIT, "reference": Reference(CUFE, ISSUED, DOCUMENT_ID)}

DRAFTS = {
    "req-01": invoice("0000000101", CONSULTING, CHAIRS, paid="593.69"),
    "req-02": invoice(
        "0000000102",
        line("Café molido 500 g", "2", "6.50", "0", "SKU-001"),
        line("Taza cerámica", "1", "9.00", "7", "SKU-002"),
        paid="22.63",
        receiver=CONSUMER,
    ),
    "req-03": invoice(
        "0000000103",
        line("Resma de papel bond", "40", "4.25", "7", "SKU-001", cpbs_code="1411", cpbs_unit="und"),
        line(
            "Mantenimiento de aire acondicionado",
            "1",
            "380",
            "7",
            "SKU-002",
            cpbs_code="7210",
            cpbs_unit="und",
        ),
        paid="588.50",
        receiver=MINISTRY,
    ),
    "req-04": invoice(
        "0000000104",
        line("Artesanía tallada en madera", "10", "42.00", "0", "SKU-001"),
        paid="420.00",
        receiver=IMPORTER,
        exportation=Exportation("FOB", "USD", D("420.00"), port="Balboa"),
    ),
    "req-05": invoice(
        "0000000105",
        line("Licencia anual de software", "1", "1200.00", "7", "SKU-001"),
        paid="1284.00",
        receiver=WITHHOLDER,
        payments=(Payment("08", D("1284.00")),),
    ),
    "req-06": invoice(
        "0000000106",
        line("Medicamento", "2", "18.40", "0", "SKU-001"),
        line("Papelería", "5", "3.10", "7", "SKU-002"),
        line("Hospedaje, una noche", "1", "95.00", "10", "SKU-003"),
        line("Cigarrillos", "2", "7.25", "15", "SKU-004"),
        paid="174.57",
    ),
    "req-07": invoice(
        "0000000107",
        line("Laptop 14 pulgadas", "1", "899.00", "7", "SKU-001"),
        line("Mouse inalámbrico", "2", "19.99", "7", "SKU-002"),
        paid="0",
        payments=(
            Payment("03", D("500.00")),
            Payment("08", D("300.00")),
            Payment("02", D("100.00")),
            Payment("99", D("104.71"), "Vale de regalo"),
        ),
    ),
    "req-08": invoice(
        "0000000108",
        line("Instalación de red estructurada", "1", "3000.00", "7", "SKU-001"),
        paid="0",
        payment_time=PaymentTime.CREDIT,
        payments=(Payment("01", D("3210.00")),),
        instalments=(
            Instalment(1, date(2026, 12, 19), D("1605.00"), "Cuota 1 de 2"),
            Instalment(2, date(2027, 1, 19), D("1605.00"), "Cuota 2 de 2"),
        ),
    ),
    "req-09": invoice("0000000021", RETURNED, paid="90.90", modification_code=3, **NOTE),
    "req-10": invoice(
        "0000000022",
        replace(CONSULTING, description="Anulación: servicio de consultoría"),
        replace(CHAIRS, description="Anulación: silla de oficina"),
        paid="593.69",
        modification_code=1,
        **NOTE,
    ),
}
