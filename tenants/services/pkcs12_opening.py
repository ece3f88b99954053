"""Opening a PKCS#12 file. Run as a script in a process of its own: time and memory end there, and the key never leaves it.

It reads the password's length in bytes on a line, then the password and the file, from standard input, and writes one JSON
object: {"certificate": DER in base64} or {"refused": why}. It imports nothing of ours, so that it starts quickly.
"""

import base64
import json
import resource
import sys

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs12
from cryptography.x509 import Certificate

_CPU_SECONDS = 5
_MEMORY_BYTES = 1024**3


def opened(content: bytes, password: bytes) -> dict[str, str]:
    """The certificate that belongs to the key, or the reason why there is none (a code without its `certificate_`)."""
    try:
        store = pkcs12.load_pkcs12(content, password)
    except UnsupportedAlgorithm:
        return {"refused": "unsupported"}
    except ValueError as error:
        return {"refused": "wrong_password" if "password" in str(error).lower() else "not_pkcs12"}
    if store.key is None:
        return {"refused": "without_key"}
    if store.cert is None or not _belongs(store.cert.certificate, store.key):
        return {"refused": "key_mismatch"}
    der = store.cert.certificate.public_bytes(Encoding.DER)
    return {"certificate": base64.b64encode(der).decode()}


def _belongs(certificate: Certificate, key: PrivateKeyTypes) -> bool:
    return _public_bytes(certificate.public_key()) == _public_bytes(key.public_key())


def _public_bytes(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _limit_resources() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


def main() -> None:
    """Answer the one question on standard input."""
    _limit_resources()
    password_length = int(sys.stdin.buffer.readline())
    password = sys.stdin.buffer.read(password_length)
    json.dump(opened(sys.stdin.buffer.read(), password), sys.stdout)


if __name__ == "__main__":
    main()
