"""The demo's twelve companies of Panama: ten that issue, one suspended, one half-way through its onboarding."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID

from cifras.core.models import Staff
from cifras.fiscal.ruc import panama as ruc
from invoicing.models import Receiver
from tenants.models import Tenant
from tenants.services import advance, run_step, start_onboarding


@dataclass(frozen=True, slots=True)
class Company:
    """One company: what it is called, what it sells (description, price, rate in percent), how long its certificate lasts."""

    name: str
    trade: str
    wares: tuple[tuple[str, str, str], ...]
    certificate_days: int = 500


COMPANIES = (
    Company(
        "Ferretería El Istmo, S.A.",
        "El Istmo",
        (
            ("Cemento gris 42.5 kg", "9.85", "7"),
            ("Varilla 3/8", "6.40", "7"),
            ("Pintura látex, galón", "18.95", "7"),
        ),
    ),
    Company(
        "Farmacia Santa Librada, S.A.",
        "Santa Librada",
        (
            ("Amoxicilina 500 mg", "11.20", "0"),
            ("Protector solar FPS 50", "14.75", "7"),
            ("Alcohol 70 %, litro", "3.35", "0"),
        ),
        certificate_days=25,
    ),
    Company(
        "Hotel Bahía Azul, S.A.",
        "Bahía Azul",
        (
            ("Hospedaje, una noche", "95.00", "10"),
            ("Desayuno", "9.50", "7"),
            ("Salón de reuniones, hora", "60.00", "7"),
        ),
    ),
    Company(
        "Consultores Ancón, S.A.",
        "Ancón",
        (
            ("Hora de consultoría", "85.00", "7"),
            ("Auditoría de procesos", "1450.00", "7"),
            ("Taller de medio día", "620.00", "7"),
        ),
    ),
    Company(
        "Distribuidora Chiriquí, S.A.",
        "Chiriquí",
        (
            ("Café molido 500 g", "6.50", "0"),
            ("Queso blanco, libra", "3.95", "0"),
            ("Ron añejo 750 ml", "16.90", "10"),
        ),
        certificate_days=6,
    ),
    Company(
        "Clínica Punta Pacífica, S.A.",
        "Punta Pacífica",
        (
            ("Consulta general", "45.00", "0"),
            ("Radiografía", "70.00", "0"),
            ("Certificado médico", "15.00", "7"),
        ),
    ),
    Company(
        "Tecnología Canal, S.A.",
        "TecCanal",
        (
            ("Licencia anual de software", "1200.00", "7"),
            ("Soporte mensual", "180.00", "7"),
            ("Teclado inalámbrico", "39.99", "7"),
        ),
    ),
    Company(
        "Transportes Darién, S.A.",
        "Darién",
        (
            ("Flete local", "140.00", "7"),
            ("Flete Panamá-David", "480.00", "7"),
            ("Almacenaje, día", "22.00", "7"),
        ),
    ),
    Company(
        "Editorial Barro Blanco, S.A.",
        "Barro Blanco",
        (
            ("Libro escolar", "21.50", "0"),
            ("Impresión offset, millar", "260.00", "7"),
            ("Diseño de portada", "190.00", "7"),
        ),
    ),
    Company(
        "Tabacalera y Licores del Centro, S.A.",
        "Del Centro",
        (
            ("Cigarrillos, cajetilla", "4.75", "15"),
            ("Vino tinto 750 ml", "12.80", "10"),
            ("Hielo, bolsa", "2.10", "7"),
        ),
    ),
    Company(
        "Servicios Generales Colón, S.A.",
        "SG Colón",
        (("Limpieza mensual", "650.00", "7"), ("Fumigación", "120.00", "7")),
    ),
    Company("Panadería La Moderna, S.A.", "La Moderna", (("Pan de molde", "2.25", "0"),)),
)
ISSUING = 10


def onboard_all(*, actor: Staff) -> list[Tenant]:
    """Bring the companies to life through the onboarding's own services; the last one stops half-way."""
    return [_onboard(position, company, actor) for position, company in enumerate(COMPANIES)]


def practice_certificate(tax_id: str, *, days: int) -> tuple[bytes, str]:
    """A .p12 of nobody for the practice PAC, and its password; made in memory."""
    password = secrets.token_urlsafe(12)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "Certificado de práctica"),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, tax_id),
        ]
    )
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=200))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    sealed = BestAvailableEncryption(password.encode())
    return pkcs12.serialize_key_and_certificates(b"practica", key, certificate, None, sealed), password


def _onboard(position: int, company: Company, actor: Staff) -> Tenant:
    tax_id = f"{155_700_101 + 37 * position}-2-{2015 + position % 8}"
    onboarding = start_onboarding(
        {
            "country": "PA",
            "pac_provider": "alanube",
            "environment": "sandbox",
            "ruc": tax_id,
            "ruc_type": "JURIDICO",
            "dv": ruc.check_digit(tax_id, "JURIDICO"),
            "legal_name": company.name,
            "trade_name": company.trade,
            "offices": [
                {
                    "code": "0001",
                    "type": "main",
                    "address": "Vía España, edificio de práctica",
                    "telephone": "200-0000",
                    "coordinates": "+9.0017832,-79.5275519",
                    "location": "8-8-7",
                    "billing_points": ["001"],
                }
            ],
        },
        actor=actor,
    )
    if position < len(COMPANIES) - 1:
        content, password = practice_certificate(tax_id, days=company.certificate_days)
        run_step(onboarding, "certificate", actor=actor, certificate=content, password=password)
        advance(onboarding, actor=actor)
    tenant = onboarding.tenant
    Tenant.objects.filter(pk=tenant.pk).update(max_backdate_days=70)
    _register_receivers(tenant)
    tenant.refresh_from_db()
    return tenant


def _register_receivers(tenant: Tenant) -> None:
    place = {
        "address": "Calle 50, torre de práctica",
        "location": "8-8-7",
        "emails": ["pagos@cliente.example"],
    }
    companies = (
        ("C-100", "CONTRIBUYENTE", "155596713-2-2015", "Inversiones Bella Vista, S.A.", False),
        ("C-200", "CONTRIBUYENTE", "155646463-2-2017", "Supermercados del Pacífico, S.A.", True),
        ("G-300", "GOBIERNO", "8-NT-1-419", "Entidad Pública de Práctica", False),
    )
    for code, kind, tax_id, name, withholds in companies:
        Receiver.objects.create(
            tenant=tenant,
            code=code,
            type=kind,
            contributor="JURIDICO",
            ruc=tax_id,
            dv=ruc.check_digit(tax_id, "JURIDICO"),
            name=name,
            withholds=withholds,
            retention_code="4" if withholds else "",
            **place,
        )
    Receiver.objects.create(tenant=tenant, code="F-400", type="CONSUMIDOR_FINAL", name="Consumidor final")
