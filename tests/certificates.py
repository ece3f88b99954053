"""Certificates to practise on, made in memory: good ones, and one for everything that can be wrong with a .p12."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import pbkdf2_hmac

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID, ObjectIdentifier

PASSWORD = "clave-de-práctica"
RUC = "155596713-2-2015"

_OIDS = {
    "serialNumber": NameOID.SERIAL_NUMBER,
    "CN": NameOID.COMMON_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
}


def a_p12(
    ruc: str = RUC,
    *,
    password: str = PASSWORD,
    subject: Mapping[str, str] | None = None,
    since: timedelta = timedelta(days=-30),
    until: timedelta = timedelta(days=700),
) -> bytes:
    """A good one of the company with this RUC. `since` and `until` count from now; `subject` replaces its names."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(
        key, subject or {"CN": "Comercial de Práctica, S.A.", "serialNumber": ruc}, since, until
    )
    return pkcs12.serialize_key_and_certificates(
        b"practica", key, certificate, None, BestAvailableEncryption(password.encode())
    )


def expired(ruc: str = RUC) -> bytes:
    """Ended yesterday."""
    return a_p12(ruc, since=timedelta(days=-731), until=timedelta(days=-1))


def not_yet_valid(ruc: str = RUC) -> bytes:
    """Begins tomorrow."""
    return a_p12(ruc, since=timedelta(days=1))


def of_person(cedula: str = "8-274-125") -> bytes:
    """A representative's own."""
    return a_p12(subject={"CN": "[F] NOMBRE PÉREZ JUANA - ID " + cedula, "serialNumber": cedula})


def with_another_key() -> bytes:
    """The certificate inside is not the key's."""
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    stranger = _certificate(other, {"CN": "Otra clave", "serialNumber": RUC}, timedelta(0), timedelta(days=1))
    return pkcs12.serialize_key_and_certificates(
        b"practica", key, None, [stranger], BestAvailableEncryption(PASSWORD.encode())
    )


def without_key() -> bytes:
    """Only the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, {"CN": "Sin clave"}, timedelta(0), timedelta(days=1))
    return pkcs12.serialize_key_and_certificates(
        b"practica", None, certificate, None, BestAvailableEncryption(PASSWORD.encode())
    )


def with_iterations(count: int) -> bytes:
    """Asks for `count` iterations (65,536 to 8,388,607) wherever a password is turned into a key; the count was patched in."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, {"serialNumber": RUC}, timedelta(0), timedelta(days=1))
    written = 70_000
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(written)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .build(PASSWORD.encode())
    )
    made = pkcs12.serialize_key_and_certificates(b"practica", key, certificate, None, encryption)
    patched = made.replace(_integer(written), _integer(count))
    assert patched != made or count == written
    return patched


def with_hidden_iterations(count: int) -> bytes:
    """Asks for `count` iterations in a key bag that is itself encrypted, where no look from outside can see it."""
    hidden = _password_encryption(os.urandom(16), count, os.urandom(16))
    key_bag = _sequence(hidden, _octets(os.urandom(160)))
    bags = _sequence(_sequence(_SHROUDED_KEY_BAG, _explicit(key_bag)))
    salt, iv = os.urandom(16), os.urandom(16)
    secret = pbkdf2_hmac("sha256", PASSWORD.encode(), salt, 1, 32)
    cipher = Cipher(algorithms.AES(secret), modes.CBC(iv)).encryptor()
    fill = 16 - len(bags) % 16
    ciphertext = cipher.update(bags + bytes([fill]) * fill) + cipher.finalize()
    content = _sequence(_DATA, _password_encryption(salt, 1, iv), _der(0x80, ciphertext))
    encrypted = _sequence(_ENCRYPTED_DATA, _explicit(_sequence(_integer(0), content)))
    return _container(_sequence(encrypted))


def in_segments(p12: bytes) -> bytes:
    """The same file as older tools write it: indefinite lengths, octet strings in segments (BER)."""
    container = p12[_header(p12) :]
    version, rest = container[:3], container[3:]
    length = _header(rest) + _content_length(rest)
    contents, mac = rest[:length], rest[length:]
    inner = contents[_header(contents) :]
    oid, wrapped = inner[: len(_DATA)], inner[len(_DATA) :]
    octets = wrapped[_header(wrapped) :]
    safe = octets[_header(octets) :]
    half = len(safe) // 2
    segments = b"\x24\x80" + _octets(safe[:half]) + _octets(safe[half:]) + b"\0\0"
    return b"\x30\x80" + version + b"\x30\x80" + oid + b"\xa0\x80" + segments + b"\0\0" * 2 + mac + b"\0\0"


def _certificate(
    key: ec.EllipticCurvePrivateKey, subject: Mapping[str, str], since: timedelta, until: timedelta
) -> x509.Certificate:
    now = datetime.now(UTC)
    holder = x509.Name([x509.NameAttribute(_OIDS[name], value) for name, value in subject.items()])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Autoridad de Práctica")])
    return (
        x509.CertificateBuilder()
        .subject_name(holder)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + since)
        .not_valid_after(now + until)
        .sign(key, hashes.SHA256())
    )


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size) + content


def _sequence(*parts: bytes) -> bytes:
    return _der(0x30, b"".join(parts))


def _explicit(part: bytes) -> bytes:
    return _der(0xA0, part)


def _octets(content: bytes) -> bytes:
    return _der(0x04, content)


def _integer(number: int) -> bytes:
    return _der(0x02, number.to_bytes(number.bit_length() // 8 + 1))


def _oid(dotted: str) -> bytes:
    attribute = x509.Name([x509.NameAttribute(ObjectIdentifier(dotted), "x")]).public_bytes()
    return attribute[6 : 6 + 2 + attribute[7]]


def _header(der: bytes) -> int:
    return 2 if der[1] < 0x80 else 2 + (der[1] & 0x7F)


def _content_length(der: bytes) -> int:
    return der[1] if der[1] < 0x80 else int.from_bytes(der[2 : _header(der)])


_DATA = _oid("1.2.840.113549.1.7.1")
_ENCRYPTED_DATA = _oid("1.2.840.113549.1.7.6")
_SHROUDED_KEY_BAG = _oid("1.2.840.113549.1.12.10.1.2")


def _container(contents: bytes) -> bytes:
    """A PKCS#12 without integrity, which is optional."""
    return _sequence(_integer(3), _sequence(_DATA, _explicit(_octets(contents))))


def _password_encryption(salt: bytes, iterations: int, iv: bytes) -> bytes:
    """PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC."""
    sha256 = _sequence(_oid("1.2.840.113549.2.9"), b"\x05\x00")
    derivation = _sequence(
        _oid("1.2.840.113549.1.5.12"), _sequence(_octets(salt), _integer(iterations), sha256)
    )
    cipher = _sequence(_oid("2.16.840.1.101.3.4.1.42"), _octets(iv))
    return _sequence(_oid("1.2.840.113549.1.5.13"), _sequence(derivation, cipher))


def as_der(p12: bytes, password: str = PASSWORD) -> bytes:
    """The certificate alone, which is no PKCS#12."""
    loaded = pkcs12.load_pkcs12(p12, password.encode()).cert
    assert loaded
    return loaded.certificate.public_bytes(Encoding.DER)
