"""How much work a PKCS#12 file asks for, read from its ASN.1 before anything is decrypted.

A file of three kilobytes may ask for hours: whoever writes it chooses how often its key and integrity functions iterate. The
library leaves that to its caller, so the counts are read here and capped. Source: RFC 7292 (PKCS#12), RFC 8018 (PBES1, PBES2,
PBKDF2), RFC 9579 (PBMAC1), X.690 (BER, with its indefinite lengths and segmented strings, which many tools still write).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cifras.fiscal.errors import RuleBroken, gettext_noop

LONGEST_FILE_BYTES = 64 * 1024
MOST_ITERATIONS = 600_000
MOST_ITERATIONS_TOGETHER = 4 * MOST_ITERATIONS

_INTEGER, _OCTETS, _OID, _SEQUENCE = 0x02, 0x04, 0x06, 0x30
_CONSTRUCTED = 0x20
_DATA_OID = bytes.fromhex("2a864886f70d010701")
_PASSWORD_OIDS = (
    bytes.fromhex("2a864886f70d0105"),
    bytes.fromhex("2a864886f70d010c01"),
)  # PKCS#5, PKCS#12 PBE
_SCRYPT_OID = bytes.fromhex("2b06010401da47040b")
_DEEPEST_NESTING = 60
_DEEPEST_STRINGS = 8


class _NotBer(ValueError):
    """The bytes are no ASN.1 value."""


@dataclass(frozen=True, slots=True)
class _Value:
    """One ASN.1 value: its tag byte, and either its content or the values inside."""

    tag: int
    content: bytes = b""
    inside: "tuple[_Value, ...]" = ()


def require_affordable(content: bytes) -> None:
    """Raises RuleBroken for a file too large (certificate_too_large), that is no PKCS#12 (certificate_not_pkcs12) or that
    asks for too many iterations (certificate_too_costly)."""
    if len(content) > LONGEST_FILE_BYTES:
        raise RuleBroken(
            "certificate_too_large",
            gettext_noop(
                "El archivo pasa de {limit} KiB: un certificado .p12 es mucho menor. Revise cuál eligió."
            ),
            "certificate",
            limit=LONGEST_FILE_BYTES // 1024,
        )
    counts = _iteration_counts(content)
    for iterations, limit in (
        (max(counts, default=0), MOST_ITERATIONS),
        (sum(counts), MOST_ITERATIONS_TOGETHER),
    ):
        if iterations > limit:
            raise RuleBroken(
                "certificate_too_costly",
                gettext_noop(
                    "Abrir el archivo exige {iterations} iteraciones y se admiten {limit}. Expórtelo con una herramienta común."
                ),
                "certificate",
                iterations=iterations,
                limit=limit,
            )


def _iteration_counts(content: bytes) -> list[int]:
    try:
        container = _read(content, 0, 0)[0]
        if not _is_container(container):
            raise _NotBer
        return [*_integrity_count(container), *_encryption_counts(container, 0)]
    except _NotBer:
        raise RuleBroken(
            "certificate_not_pkcs12",
            gettext_noop(
                "El archivo no es un certificado PKCS#12 (.p12 o .pfx). Pídalo a quien lo emitió en ese formato."
            ),
            "certificate",
        ) from None


def _is_container(value: _Value) -> bool:
    """PFX: version 3, then the contents as PKCS#7 data (a container under a public-key signature has no password)."""
    if value.tag != _SEQUENCE or len(value.inside) < 2:
        return False
    version, contents = value.inside[:2]
    holds_data = bool(contents.inside) and contents.inside[0] == _Value(_OID, _DATA_OID)
    return version == _Value(_INTEGER, b"\x03") and contents.tag == _SEQUENCE and holds_data


def _integrity_count(container: _Value) -> Iterator[int]:
    """MacData: digest, salt, and the iterations where they are not 1."""
    if len(container.inside) > 2:
        yield from (_number(part) for part in container.inside[2].inside if part.tag == _INTEGER)


def _encryption_counts(value: _Value, strings: int) -> Iterator[int]:
    """The counts of every password-based algorithm in `value`, also inside octet strings that hold further values."""
    if value.tag in (_OCTETS, _OCTETS | _CONSTRUCTED):
        if strings < _DEEPEST_STRINGS:
            for inner in _values_in(_joined(value)):
                yield from _encryption_counts(inner, strings + 1)
        return
    if value.tag == _SEQUENCE and len(value.inside) > 1 and value.inside[0].tag == _OID:
        yield from _algorithm_counts(value.inside[0].content, value.inside[1])
    for part in value.inside:
        yield from _encryption_counts(part, strings)


def _algorithm_counts(oid: bytes, parameters: _Value) -> Iterator[int]:
    if oid == _SCRYPT_OID:
        yield MOST_ITERATIONS + 1  # its cost is memory as well; no common tool writes it
    if oid.startswith(_PASSWORD_OIDS):
        yield from (_number(part) for part in parameters.inside if part.tag == _INTEGER)


def _number(value: _Value) -> int:
    return int.from_bytes(value.content)


def _joined(value: _Value) -> bytes:
    """The bytes of an octet string, whether in one piece or in segments."""
    return value.content + b"".join(_joined(segment) for segment in value.inside)


def _values_in(content: bytes) -> list[_Value]:
    """The values that fill `content`; none when it holds something else, ciphertext for instance."""
    values, position = [], 0
    try:
        while position < len(content):
            value, position = _read(content, position, 0)
            values.append(value)
    except _NotBer:
        return []
    return values


def _read(data: bytes, start: int, depth: int) -> tuple[_Value, int]:
    """The value that begins at `start`, and where it ends."""
    if depth > _DEEPEST_NESTING or start + 2 > len(data):
        raise _NotBer
    tag = data[start]
    if tag & 0x1F == 0x1F:
        raise _NotBer  # no part of a PKCS#12 has a tag of several bytes
    begin, length = _length(data, start + 1)
    if length is None:
        if not tag & _CONSTRUCTED:
            raise _NotBer
        inside, end = _read_until_mark(data, begin, depth)
        return _Value(tag, inside=inside), end
    end = begin + length
    if end > len(data):
        raise _NotBer
    if not tag & _CONSTRUCTED:
        return _Value(tag, data[begin:end]), end
    parts, position = [], begin
    while position < end:
        part, position = _read(data, position, depth + 1)
        parts.append(part)
    if position != end:
        raise _NotBer
    return _Value(tag, inside=tuple(parts)), end


def _read_until_mark(data: bytes, start: int, depth: int) -> tuple[tuple[_Value, ...], int]:
    """The values of indefinite length, which end with two zero bytes."""
    parts, position = [], start
    while data[position : position + 2] != b"\x00\x00":
        part, position = _read(data, position, depth + 1)
        parts.append(part)
    return tuple(parts), position + 2


def _length(data: bytes, position: int) -> tuple[int, int | None]:
    """Where the content begins and how long it is; None for an indefinite length."""
    first = data[position]
    if first < 0x80:
        return position + 1, first
    if first == 0x80:
        return position + 1, None
    size = first & 0x7F
    if size > 4 or position + 1 + size > len(data):
        raise _NotBer
    return position + 1 + size, int.from_bytes(data[position + 1 : position + 1 + size])
