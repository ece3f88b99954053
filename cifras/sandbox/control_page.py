"""The control page: plain HTML in Spanish, forms without scripts."""

from collections.abc import Iterable
from html import escape

from cifras.sandbox.faults import FaultKind
from cifras.sandbox.papers import TITLES
from cifras.sandbox.records import DGI_AUTHORIZED, DGI_REJECTED, PAC_REJECTED, Company, Document
from cifras.sandbox.verdicts import VERDICTS
from cifras.sandbox.world import World

_SHOWN = 200
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1c2430; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
form { display: inline-flex; flex-wrap: wrap; gap: .5rem; align-items: end; margin: .25rem 0; vertical-align: bottom; }
label { display: grid; font-size: .8rem; } input, select, button { font: inherit; padding: .25rem .5rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .5rem; }
tr + tr { border-top: 1px solid #d5dae1; } .wide { overflow-x: auto; } td code { word-break: break-all; }
.notice { background: #fff3cd; padding: .5rem 1rem; }
"""
_FAULTS = {
    FaultKind.TIMEOUT_AFTER_COMMIT: "acepta y no contesta",
    FaultKind.DROP_AFTER_COMMIT: "acepta y corta la conexión",
    FaultKind.SERVER_ERROR_AFTER: "acepta y contesta 500",
    FaultKind.REQUEST_TIMEOUT_AFTER: "acepta y contesta 408",
    FaultKind.MALFORMED_JSON: "acepta y contesta basura",
    FaultKind.TRUNCATED: "acepta y corta la respuesta a la mitad",
    FaultKind.SLOW: "acepta y contesta gota a gota",
    FaultKind.DROP_BEFORE: "corta la conexión sin aceptar",
    FaultKind.TIMEOUT_BEFORE: "no contesta ni acepta",
    FaultKind.SERVER_ERROR_BEFORE: "contesta 500 sin aceptar",
    FaultKind.TOO_MANY_REQUESTS: "contesta 429 (espere)",
    FaultKind.UNAUTHORIZED: "contesta 401 (llave)",
    FaultKind.FORBIDDEN: "contesta 403 (permiso)",
}


def overview(world: World) -> str:
    """Clock, faults, switches, companies and the last documents."""
    authority = world.authority
    with authority.lock:
        companies = list(authority.companies.values())
        documents = list(authority.documents.values())[-_SHOWN:][::-1]
        total = len(authority.documents)
        rows = "".join(_document_row(document, authority.companies) for document in documents)
    return _page(
        "PAC de práctica",
        _clock(world)
        + _faults(world)
        + _switches(world)
        + _companies(companies)
        + f"<h2>Documentos ({total})</h2>"
        + f"<p>Palabras en el receptor o en una línea que deciden su suerte: {_words()}</p>"
        + _table(("Empresa", "Documento", "Receptor", "Total", "Emitido", "Estado", "CUFE", ""), rows),
    )


def scan(company: Company) -> str:
    """What the customer's phone shows after scanning the code."""
    state = escape(company.affiliated or "sin solicitud")
    return _page(
        "Autorizar al PAC",
        f"<p>{escape(company.name)}, RUC {escape(company.ruc)}. Estado: <strong>{state}</strong></p>"
        + _form("/control/scan", "Autorizo al PAC de práctica", hidden={"company_id": company.id}),
    )


def _clock(world: World) -> str:
    offset = world.clock.offset.total_seconds() / 3600
    return (
        f"<h2>Reloj</h2><p>Son las <strong>{world.clock.now():%Y-%m-%d %H:%M:%S}</strong> de Panamá "
        f"({offset:+.2f} h respecto de la hora real).</p>"
        + _form("/control/clock", "Adelantar", _input("hours", "Horas", "24"))
        + " "
        + _form("/control/clock", "Volver a la hora real", hidden={"reset": "1"})
    )


def _faults(world: World) -> str:
    options = "".join(
        f'<option value="{kind.value}">{escape(text)}</option>' for kind, text in _FAULTS.items()
    )
    pending = "".join(
        f"<tr><td>{_FAULTS[fault.kind]}<td>{escape(fault.operation)}<td>{fault.fired}"
        f"<td>{'siempre' if fault.times is None else fault.times}<td>{fault.probability:g}"
        for fault in world.faults.pending()
    )
    fields = (
        f'<label>Falla<select name="kind">{options}</select></label>'
        + _input("operation", "Operación (* = todas)", "create_*")
        + _input("times", "Veces (vacío = siempre)", "1")
        + _input("probability", "Probabilidad", "1")
    )
    table = _table(("Falla", "Operación", "Ocurrió", "Veces", "Probabilidad"), pending) if pending else ""
    return (
        "<h2>Fallas</h2>"
        + _form("/control/faults", "Programar", fields)
        + " "
        + _form("/control/faults", "Quitar todas", hidden={"clear": "1"})
        + table
    )


def _switches(world: World) -> str:
    rows = "".join(
        f"<tr><td><code>{name}</code><td>"
        + _form(
            "/control/behaviour",
            "Cambiar",
            f'<input name="{name}" aria-label="{name}" value="{escape(str(value))}">',
        )
        for name, value in world.behaviour.as_dict().items()
    )
    return f"<details><summary>Interruptores</summary>{_table(('Nombre', 'Valor'), rows)}</details>"


def _companies(companies: Iterable[Company]) -> str:
    rows = "".join(
        f"<tr><td>{escape(company.name)}<td>{escape(company.ruc)} DV {company.dv}<td><code>{company.id}</code>"
        f"<td>{escape(company.affiliated or '—')}<td>{_company_act(company)}"
        for company in companies
    )
    return "<h2>Empresas</h2>" + _table(("Nombre", "RUC", "Id", "Afiliación", ""), rows)


def _company_act(company: Company) -> str:
    hidden = {"company_id": company.id}
    if company.may_issue:
        return _form("/control/lapse", "Retirar la afiliación", hidden=hidden)
    if company.affiliated and not company.is_scanned:
        return _form("/control/scan", "Escanear el QR", hidden=hidden)
    return "escaneado" if company.is_scanned else ""


def _document_row(document: Document, companies: dict[str, Company]) -> str:
    company = companies[document.company_id]
    state = document.legal_status + (" · ANULADO" if document.is_void else "")
    acts = ""
    if not document.is_decided:
        acts = "".join(
            _form("/control/verdict", text, hidden={"document_id": document.id, "legal_status": word})
            for word, text in (
                (DGI_AUTHORIZED, "Autorizar"),
                (DGI_REJECTED, "Rechazar (DGI)"),
                (PAC_REJECTED, "Rechazar (PAC)"),
            )
        )
    number = f"{TITLES[document.kind]} {document.branch}-{document.billing_point}-{document.number}"
    return (
        f"<tr><td>{escape(company.trade_name)}<td>{number}<td>{escape(document.receiver_name)}<td>{document.total}"
        f"<td>{document.issued_at:%Y-%m-%d %H:%M}<td>{state}<td><code>{document.cufe}</code><td>{acts}"
    )


def _words() -> str:
    return ", ".join(f"<code>{word}</code>" for word in VERDICTS)


def _table(heads: Iterable[str], rows: str) -> str:
    head = "".join(f"<th>{name}" for name in heads)
    return f'<div class="wide"><table><tr>{head}{rows}</table></div>'


def _input(name: str, label: str, value: str) -> str:
    return f'<label>{label}<input name="{name}" value="{escape(value)}" size="12"></label>'


def _form(action: str, button: str, fields: str = "", hidden: dict[str, str] | None = None) -> str:
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in (hidden or {}).items()
    )
    return f'<form method="post" action="{action}">{kept}{fields}<button>{button}</button></form>'


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="es"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f'<body><h1>{title}</h1><p class="notice">Nada de lo que hay aquí tiene validez fiscal.</p>{body}</body></html>'
    )
