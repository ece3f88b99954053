"""Where Alanube's complaints point: its paths, and the members of our JSON document that they mean."""

import re

# Its own paths without "instance.", list places as [n]. The first that fits the whole path wins; \1 is the list place.
_FIELDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), ours)
    for pattern, ours in (
        (r"receiver\.ruc\.type", "receiver.contributor"),
        (r"receiver\.ruc\.verificationDigit", "receiver.dv"),
        (r"receiver\.ruc\b.*", "receiver.ruc"),
        (r"receiver\.foreign\.(number|country)", r"receiver.foreign_id.\1"),
        (r"receiver\.foreign\b.*", "receiver.foreign_id"),
        (r"receiver\.location\b.*", "receiver.location"),
        (r"receiver\.(country|otherCountry)", "receiver.country"),
        (r"receiver\.(type|name|address)", r"receiver.\1"),
        (r"receiver\.((?:telephones|emails)(?:\[\d+\])?)", r"receiver.\1"),
        (r"receiver", "receiver"),
        (r"items\[(\d+)\]\.itbms\b.*", r"lines[\1].tax_rate"),
        (r"items\[(\d+)\]\.isc\b.*", r"lines[\1].isc"),
        (r"items\[(\d+)\]\.oti\b.*", r"lines[\1].oti"),
        (r"items\[(\d+)\]\.cpbs\.unit", r"lines[\1].cpbs_unit"),
        (r"items\[(\d+)\]\.cpbs\b.*", r"lines[\1].cpbs_code"),
        (r"items\[(\d+)\]\.prices\.discount", r"lines[\1].unit_discount"),
        (r"items\[(\d+)\]\.prices\b.*", r"lines[\1].unit_price"),
        (r"items\[(\d+)\]\.(description|code|unit|quantity)", r"lines[\1].\2"),
        (r"items\[(\d+)\](\..*)?", r"lines[\1]"),
        (r"items", "lines"),
        (r"totals\.paymentMethods\[(\d+)\]\.type", r"payments[\1].method"),
        (r"totals\.paymentMethods\[(\d+)\]\.amount", r"payments[\1].amount"),
        (r"totals\.paymentMethods\[(\d+)\]\.otherType", r"payments[\1].description"),
        (r"totals\.paymentMethods\b.*", "payments"),
        (r"totals\.paymentTime", "payment_time"),
        (r"totals\.installmentPayment\b.*", "instalments"),
        (r"totals\.discounts\b.*", "global_discounts"),
        (r"totals\.retention\.amount", "retention_amount"),
        (r"totals\.retention\b.*", "retention_code"),
        (r"totals\.transport", "freight"),
        (r"totals\.(insurance|change)", r"\1"),
        (r"information\.numeration", "number"),
        (r"information\.issueDate", "issue_date"),
        (r"information\.billingPoint", "billing_point"),
        (r"information\.destination", "receiver.country"),
        (r"information\.information", "notes"),
        (r"idOffice", "office"),
        (r"exportation\.exchangeRate", "exportation.exchange_rate"),
        (r"exportation\.(incoterm|currency|amount|port)", r"exportation.\1"),
        (r"exportation\b.*", "exportation"),
        (r"referencedDocuments\b.*", "references"),
        (r"reason", "reason"),
    )
)
_REQUIRES = re.compile(r'\binstance((?:\.[\w.\[\]]+)?) requires property "(\w+)"')
_INSTANCE = re.compile(r"\binstance\.([\w.\[\]]+)")
_REQUIRES_HERE = re.compile(r'^requires property "(\w+)"')
_LIST_PLACE = re.compile(r"\.(\d+)\b")
# Words in place of a path, and the path they mean.
_WORDS = (
    (re.compile(r"^\W*reason\b", re.I), "reason"),
    (re.compile(r"^\W*the destination of the operation\b", re.I), "information.destination"),
)


def our_field(message: str, field: str = "") -> str:
    """The member of our JSON document that a complaint is about; empty when it names none that we have."""
    path = _LIST_PLACE.sub(r"[\1]", _path(message, field.removeprefix("instance."))).strip(".")
    for pattern, ours in _FIELDS:
        found = pattern.fullmatch(path)
        if found:
            return found.expand(ours)
    return ""


def _path(message: str, field: str) -> str:
    """What `field` says, else the path inside the message; with "requires property" the missing member belongs to it."""
    if field:
        missing = _REQUIRES_HERE.match(message)
        is_named = missing is None or field.endswith(missing[1])
        return field if is_named or missing is None else f"{field}.{missing[1]}"
    required = _REQUIRES.search(message)
    if required:
        return f"{required[1]}.{required[2]}"
    named = _INSTANCE.search(message)
    if named:
        return named[1]
    return next((path for words, path in _WORDS if words.match(message)), "")
