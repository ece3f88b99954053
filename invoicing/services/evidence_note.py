"""The note in every evidence pack, in Spanish and in English: how a stranger checks it without us.

It is the same in every pack and in both languages at once, so it is not in the message catalogue.
"""

NOTE = """\
EXPEDIENTE DE UN DOCUMENTO ELECTRÓNICO: CÓMO COMPROBARLO

1. Los archivos. SHA256SUMS lleva la huella SHA-256 de cada archivo de este expediente. En la carpeta descomprimida:

       sha256sum -c SHA256SUMS

   manifest.json dice además qué huella tenía cada PDF y XML cuando llegó del PAC (sha256_at_arrival) y si sigue siendo
   la misma (intact), qué archivo falta (missing) y qué no se incluyó por los permisos de quien lo pidió (omitted).

2. Lo enviado y lo recibido. peticion.json (o .txt) son los bytes exactos que salieron hacia el PAC. intercambios/ tiene
   cada llamada con su respuesta; solo se taparon las claves (***).

3. La auditoría. Cada fila de auditoria.json lleva en "hash" la huella SHA-256 de sus demás miembros ("members"), escritos
   como JSON con las claves en orden, sin espacios y en UTF-8. "previous_hash" es la huella de la fila anterior de la
   cadena de la empresa. Con Python, en la carpeta descomprimida:

{script}
   Quien altere una fila altera su huella. Que la cadena entera no tenga huecos ni finales perdidos se comprueba en el
   sistema con: manage.py verify_audit. "head" es el final de la cadena cuando se hizo este expediente: compárelo.

----------------------------------------------------------------------------------------------------------------------

EVIDENCE OF AN ELECTRONIC DOCUMENT: HOW TO CHECK IT

1. The files. SHA256SUMS holds the SHA-256 of every file of this pack. In the unpacked folder:

       sha256sum -c SHA256SUMS

   manifest.json also says which hash every PDF and XML had when it came from the provider (sha256_at_arrival) and whether
   it is still the same (intact), which file is missing, and what was omitted because of the rights of whoever asked.

2. What was sent and received. peticion.json (or .txt) are the exact bytes that left for the provider. intercambios/ holds
   every call with its answer; nothing but keys was covered (***).

3. The audit trail. Every row of auditoria.json carries in "hash" the SHA-256 of its other members ("members"), written as
   JSON with sorted keys, without blanks, in UTF-8. "previous_hash" is the hash of the row before it in the company's
   chain. With Python, in the unpacked folder:

{script}
   Whoever alters a row alters its hash. That the whole chain has no gap and no lost end is checked in the system with:
   manage.py verify_audit. "head" is the end of the chain when this pack was made: compare it.
"""

SCRIPT = """\
import hashlib, json
for row in json.load(open("auditoria.json", encoding="utf-8"))["entries"]:
    text = json.dumps(row["members"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    print(row["members"]["sequence"], hashlib.sha256(text.encode()).hexdigest() == row["hash"])
"""


def note() -> str:
    """VERIFICAR.txt."""
    indented = "".join(f"       {line}\n" for line in SCRIPT.splitlines())
    return NOTE.replace("{script}", indented)
