"""What must hold between the members of a document whose shape is right, so far as it can be seen in the body alone."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from cifras.sandbox.alanube.answers import Problem
from cifras.sandbox.amounts import Amounts, retention, to_cent
from cifras.sandbox.taxpayer import JURIDICO, check_digit

Body = Mapping[str, Any]
_CLOCKS_APART = timedelta(minutes=5)
_INTERNAL, _ABROAD, _CREDIT, _OTHER = "01", 2, "01", "99"


def problems_of(body: Body, amounts: Amounts, now: datetime) -> list[Problem]:
    """Every rule that the document breaks."""
    found = [problem for rule in _RULES for problem in rule(body)]
    found += _amount_problems(body, amounts)
    found += _date_problems(body, now)
    return found


def issued_at(body: Body, now: datetime) -> datetime:
    """When the document says it was issued; without a word, now."""
    text = body["information"].get("issueDate")
    return datetime.fromisoformat(text) if text else now


def _destination(body: Body) -> Iterator[Problem]:
    information, country = body["information"], body["receiver"]["country"]
    is_abroad, is_internal = information["destination"] == _ABROAD, information["documentType"] == _INTERNAL
    if is_abroad and is_internal:
        yield Problem(
            "The destination of the operation cannot be Foreign if the Document Type is Internal Operation Invoice"
        )
    if is_abroad == (country == "PA"):
        yield Problem("instance.receiver.country and instance.information.destination do not match")
    if "exportation" in body and is_internal:
        yield Problem("instance.exportation should not be specified", field="exportation")
    if is_abroad and not is_internal and "exportation" not in body:
        yield Problem('instance requires property "exportation"', field="exportation")
    if (country == "ZZ") != ("otherCountry" in body["receiver"]):
        yield Problem(
            "instance.receiver.otherCountry goes with country ZZ only", field="receiver.otherCountry"
        )


def _receiver(body: Body) -> Iterator[Problem]:
    receiver = body["receiver"]
    required, refused = _RECEIVER_MEMBERS[receiver["type"]]
    for name in required:
        if name not in receiver:
            yield Problem(f'instance.receiver requires property "{name}"', field=f"receiver.{name}")
    for name in refused:
        if name in receiver:
            yield Problem(f"instance.receiver.{name} should not be specified", field=f"receiver.{name}")
    if "ruc" in receiver and "ruc" not in refused:
        yield from _ruc(receiver)


_RECEIVER_MEMBERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "01": (("ruc", "name", "address", "location"), ("foreign",)),
    "02": ((), ("foreign",)),
    "03": (("ruc", "name", "address", "location"), ("foreign",)),
    "04": (("foreign",), ("ruc", "location")),
}


def _ruc(receiver: Body) -> Iterator[Problem]:
    ruc, kind = receiver["ruc"]["ruc"], receiver["ruc"]["type"]
    if receiver["type"] == "02" and kind == JURIDICO:
        yield Problem("A juridical RUC cannot be a final consumer", "1601", "receiver.ruc")
    dv = check_digit(ruc, kind)
    if dv is None:
        yield Problem("instance.receiver.ruc.ruc is not a valid RUC of its type", "1601", "receiver.ruc.ruc")
    elif receiver["ruc"].get("verificationDigit", dv) != dv:
        yield Problem("Wrong verification digit", "1602", "receiver.ruc.verificationDigit")


def _items(body: Body) -> Iterator[Problem]:
    is_public = body["receiver"]["type"] == "03"
    if len({item["number"] for item in body["items"]}) < len(body["items"]):
        yield Problem("instance.items contains duplicate number", field="items")
    for index, item in enumerate(body["items"]):
        where = f"items[{index}]"
        if is_public and "cpbs" not in item:
            yield Problem(f'instance.{where} requires property "cpbs"', field=f"{where}.cpbs")
        elif is_public and "unit" not in item["cpbs"]:
            yield Problem(f'instance.{where}.cpbs requires property "unit"', field=f"{where}.cpbs.unit")
        if item["prices"].get("discount", 0) > item["prices"]["transfer"]:
            yield Problem("The discount is greater than the price", field=f"{where}.prices.discount")


def _freight(body: Body) -> Iterator[Problem]:
    for name in ("transport", "insurance"):
        by_line = any(item["prices"].get(name) for item in body["items"])
        if by_line and body["totals"].get(name):
            yield Problem(f"{name} is given by line and in the totals", field=f"totals.{name}")


def _payments(body: Body) -> Iterator[Problem]:
    totals = body["totals"]
    methods, time = totals["paymentMethods"], totals["paymentTime"]
    for index, method in enumerate(methods):
        if method["type"] == _OTHER and "otherType" not in method:
            where = f"totals.paymentMethods[{index}]"
            yield Problem(f'instance.{where} requires property "otherType"', field=f"{where}.otherType")
    instalments = totals.get("installmentPayment", [])
    if time == 1:
        if instalments:
            yield Problem("An immediate payment has no instalments", field="totals.installmentPayment")
        return
    paid = _sum(method["amount"] for method in methods)
    on_credit = _sum(method["amount"] for method in methods if method["type"] == _CREDIT)
    if time == 3 and on_credit in (0, paid):
        yield Problem("A mixed payment needs credit and another method", field="totals.paymentMethods")
    expected = on_credit or paid
    if _sum(each["amount"] for each in instalments) != expected:
        yield Problem(f"The instalments do not add up to {expected}", field="totals.installmentPayment")
    if [each["sequence"] for each in instalments] != list(range(1, len(instalments) + 1)):
        yield Problem("The instalments are not numbered 1, 2, 3", field="totals.installmentPayment")


_RULES: tuple[Callable[[Body], Iterator[Problem]], ...] = (
    _destination,
    _receiver,
    _items,
    _freight,
    _payments,
)


def _amount_problems(body: Body, amounts: Amounts) -> Iterator[Problem]:
    totals = body["totals"]
    paid = _sum(method["amount"] for method in totals["paymentMethods"])
    paid = to_cent(paid - Decimal(totals.get("change", 0)))
    if amounts.total < 0:
        yield Problem("The discounts are greater than the total", field="totals.discounts")
    elif paid != amounts.total:
        yield Problem(
            f"The payment methods less the change add up to {paid}, the total is {amounts.total}",
            field="totals.paymentMethods",
        )
    withheld = totals.get("retention")
    if withheld is None:
        return
    expected = retention(withheld["code"], amounts.itbms)
    if not amounts.itbms:
        yield Problem("There is no ITBMS to withhold", field="totals.retention")
    elif expected is not None and withheld["amount"] != expected:
        yield Problem(
            f"The retention of code {withheld['code']} is {expected}", field="totals.retention.amount"
        )
    elif withheld["amount"] > amounts.itbms:
        yield Problem("The retention is greater than the ITBMS", field="totals.retention.amount")


def _date_problems(body: Body, now: datetime) -> Iterator[Problem]:
    if issued_at(body, now) > now + _CLOCKS_APART:
        yield Problem("The issue date is in the future", field="information.issueDate")


def _sum(amounts: Iterator[Any]) -> Decimal:
    return sum((Decimal(amount) for amount in amounts), Decimal(0))
