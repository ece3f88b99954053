"""The bodies of requests, member by member, from the contract. What crosses members is in `rules`."""

from cifras.sandbox.alanube.schema import Either, Many, Members, Moment, Number, Shape, Text, Truth, Whole
from cifras.sandbox.amounts import ITBMS, RETENTION
from cifras.sandbox.records import CREDIT_NOTE, DEBIT_NOTE, INVOICE

ULID = Text(pattern=r"[0-9A-HJKMNP-TV-Z]{26}")
MOMENT = Moment()
EMAIL = Text(pattern=r"[^@\s]+@[^@\s]+\.[^@\s]+", longest=50)
LOCATION = Text(pattern=r"([1-9]|1[0-3])-\d{1,2}-\d{1,2}")
WEB_ADDRESS = Text(pattern=r"https?://[^\s]+")
MONEY = Number(decimals=2)
FREE = Members(is_open=True)

_INVOICE_TYPES = ("01", "02", "03", "08", "09", "10")
DOCUMENT_TYPES = {INVOICE: _INVOICE_TYPES, CREDIT_NOTE: ("04",), DEBIT_NOTE: ("05",)}

_CAFE = Members(
    required={"format": Whole((1, 2, 3)), "delivery": Whole((1, 2, 3))}, optional={"information": Text()}
)

_RECEIVER = Members(
    required={"type": Text(("01", "02", "03", "04")), "country": Text(pattern=r"[A-Z]{2}")},
    optional={
        "ruc": Members(
            required={"type": Whole((1, 2)), "ruc": Text(longest=20)},
            optional={"verificationDigit": Text(pattern=r"\d{2}")},
        ),
        "name": Text(shortest=2, longest=200),
        "address": Text(shortest=5, longest=100),
        "location": Members(
            required={"code": LOCATION},
            optional={"correction": Text(), "district": Text(), "province": Text()},
        ),
        "otherCountry": Text(shortest=5, longest=50),
        "telephones": Many(Text(pattern=r"\d{3,4}-\d{4}"), most=3),
        "emails": Many(EMAIL, most=3),
        "foreign": Members(required={"number": Text(longest=50), "country": Text(longest=50)}),
    },
)

_ITEM = Members(
    required={
        "number": Text(pattern=r"\d{4}"),
        "description": Text(),
        "quantity": Number(decimals=6, is_positive=True),
        "prices": Members(
            required={"transfer": Number(decimals=6)},
            optional={
                "discount": Number(decimals=6),
                "transport": Number(decimals=6),
                "insurance": Number(decimals=6),
            },
        ),
        "itbms": Members(required={"rate": Text(tuple(ITBMS))}),
    },
    optional={
        "code": Text(),
        "unit": Text(longest=20),
        "cpbs": Members(
            required={"code": Either((Text(pattern=r"\d{2}(\d{2})?"), Whole(least=10)))},
            optional={"unit": Text(longest=20)},
        ),
        "isc": Members(optional={"rate": Number(decimals=6), "amount": Number(decimals=6)}),
        "gtin": FREE,
    },
)

_TOTALS = Members(
    required={
        "paymentTime": Whole((1, 2, 3)),
        "paymentMethods": Many(
            Members(
                required={
                    "type": Text(("01", "02", "03", "04", "05", "06", "07", "08", "09", "99")),
                    "amount": MONEY,
                },
                optional={"otherType": Text(shortest=10, longest=100)},
            ),
            fewest=1,
            most=10,
        ),
    },
    optional={
        "installmentPayment": Many(
            Members(
                required={"sequence": Whole(least=1), "dueDate": MOMENT, "amount": MONEY},
                optional={"information": Text()},
            )
        ),
        "discounts": Many(Members(required={"description": Text(), "amount": MONEY})),
        "retention": Members(required={"code": Text(tuple(RETENTION)), "amount": MONEY}),
        "change": MONEY,
        "transport": MONEY,
        "insurance": MONEY,
        "otherExpenses": MONEY,
    },
)

_EXPORTATION = Members(
    required={
        "incoterm": Text(pattern=r"[A-Z]{3}"),
        "currency": Text(pattern=r"[A-Z]{3}"),
        "exchangeRate": Number(decimals=6, is_positive=True),
        "amount": MONEY,
    },
    optional={"otherCurrency": Text(), "port": Text()},
)

_REFERENCE = Members(
    required={"emissionType": Text(("ID", "CUFE", "PAPER", "PRINTER"))},
    optional={
        "issueDate": MOMENT,
        "apiIdentification": ULID,
        "cufeIdentification": Text(shortest=66, longest=66),
        "otherIdentification": Text(longest=22),
    },
)


def _information(kind: str) -> Members:
    optional: dict[str, Shape] = {"saleType": Whole((1, 2, 3, 4)), "issueDate": MOMENT, "information": Text()}
    return Members(
        required={
            "issueType": Text(("01", "02", "03", "04")),
            "documentType": Text(DOCUMENT_TYPES[kind]),
            "numeration": Text(pattern=r"(?=.*[1-9])[0-9]{10}"),
            "billingPoint": Text(pattern=r"(?!000)[0-9]{3}"),
            "securityCode": Text(pattern=r"(?!000000000)[0-9]{9}"),
            "cafe": _CAFE,
            "nature": Text(("01", "02", "03", "04", "10", "11", "12", "13", "14", "20", "21")),
            "operationType": Whole((1, 2)),
            "destination": Whole((1, 2)),
            "receiverContainer": Whole((1, 2)),
        },
        optional=optional if kind == INVOICE else {**optional, "modificationCode": Whole((1, 2, 3))},
    )


def _document(kind: str) -> Members:
    required: dict[str, Shape] = {
        "information": _information(kind),
        "receiver": _RECEIVER,
        "items": Many(_ITEM, fewest=1),
        "totals": _TOTALS,
    }
    if kind != INVOICE:
        required["referencedDocuments"] = Many(_REFERENCE, fewest=1)
    groups = dict.fromkeys(("authorizedGroup", "global", "logistic", "delivery"), FREE)
    return Members(required=required, optional={"idOffice": ULID, "exportation": _EXPORTATION, **groups})


DOCUMENTS = {kind: _document(kind) for kind in DOCUMENT_TYPES}

VOID = Members(required={"reason": Text(shortest=0, longest=100_000)})

NOTIFY_WEBHOOK = Members(
    required={"documentId": ULID, "webhookUrl": WEB_ADDRESS},
    optional={"userId": Text(), "webhookSecret": Text()},
)
NOTIFY_EMAIL = Members(
    required={"documentId": ULID, "mail": EMAIL, "documentType": Text((INVOICE, CREDIT_NOTE))},
    optional={"message": Text()},
)

_BASE64 = Text(pattern=r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", longest=200_000)
_CERTIFICATE = Members(
    required={"content": _BASE64, "password": Text()}, optional={"extension": Text(("p12",))}
)
_CERTIFICATES = Members(required={"signature": _CERTIFICATE, "authentication": _CERTIFICATE})
_EMAILS = Members(optional={"active": Truth(), "replyTo": EMAIL, "message": Text()})
_DV = Text(pattern=r"\d{2}")

FLAT_COMPANY = Members(
    required={
        "ruc": Text(longest=20),
        "rucType": Text(("NATURAL", "JURIDICO")),
        "checkDigit": _DV,
        "tradeName": Text(),
        "certificate": _BASE64,
        "certificatePassword": Text(),
    },
    optional={"logoUrl": WEB_ADDRESS},
)
NESTED_COMPANY = Members(
    required={
        "name": Text(),
        "ruc": Text(longest=20),
        "checkDigit": _DV,
        "type": Text(("main", "associated")),
        "typeRuc": Either((Members(required={"code": Whole((1, 2))}), Whole((1, 2)))),
        "certificates": _CERTIFICATES,
    },
    optional={
        "tradeName": Text(),
        "emails": _EMAILS,
        "logo": WEB_ADDRESS,
        "qr": Text(),
        "nextIdRequest": Whole(),
        "affiliated": Text(),
    },
)
_COMPANY_HOOK = Members(
    required={"url": WEB_ADDRESS, "status": Text(("active", "inactive"))}, optional={"headers": FREE}
)
COMPANY_CHANGE = Members(
    optional={
        "qr": Text(),
        "securityCode": Text(pattern=r"\d{9}"),
        "logo": WEB_ADDRESS,
        "tradeName": Text(),
        "nextIdRequest": Whole(),
        "certificates": _CERTIFICATES,
        "webhooks": Members(required={"documents": Members(required={"emissionFinished": _COMPANY_HOOK})}),
        "emails": _EMAILS,
    }
)
OFFICE = Members(
    required={
        "code": Text(pattern=r"[0-9A-Z]{4}"),
        "type": Text(("main", "associated")),
        "coordinates": Text(pattern=r"[+-]\d{1,2}\.\d{1,8},[+-]\d{1,3}\.\d{1,8}", longest=22),
        "address": Text(longest=100),
        "telephone": Text(longest=12),
        "location": LOCATION,
    },
    optional={"email": EMAIL},
)
