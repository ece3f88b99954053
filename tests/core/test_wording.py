import pytest
from django.utils import translation

from cifras.core.wording import sentence, sentences
from cifras.fiscal.errors import RuleBroken, RulesBroken
from cifras.pac.errors import NotDelivered, Problem, Refused


def test_a_refusal_is_one_sentence_with_its_values():
    assert sentence(RuleBroken("late", "Venció el {day}.", day="14/11")) == "Venció el 14/11."


def test_every_reason_of_several_has_its_sentence():
    error = RulesBroken([RuleBroken("a", "Uno."), RuleBroken("b", "Dos.")])
    assert sentences(error) == ["Uno.", "Dos."]
    assert sentence(error) == "Uno.\nDos."


def test_a_provider_error_carries_its_words_and_the_exchange():
    error = Refused(problems=(Problem("RUC inválido"), Problem("falta DV")), exchange_id="e-1")
    assert sentence(error) == "El proveedor rechazó el documento. «RUC inválido; falta DV» Intercambio e-1."


def test_a_provider_error_without_words_is_our_sentence_alone():
    assert sentence(NotDelivered()).endswith("se intentará de nuevo.")


def test_braces_in_the_providers_words_are_left_alone():
    assert "{oops}" in sentence(Refused(problems=(Problem("{oops}"),)))
    assert sentence(RuleBroken("x", "Dijo {words}", words="{0}")) == "Dijo {0}"


@pytest.mark.parametrize(
    ("field", "place"),
    [("lines[2].cpbs_code", "Línea 3: "), ("payments[0].amount", "Pago 1: "), ("receiver.ruc", "")],
)
def test_a_reason_about_a_row_says_which_row(field, place):
    assert sentence(RuleBroken("x", "Falta.", field)) == f"{place}Falta."


def test_the_sentence_is_in_the_language_of_the_page():
    with translation.override("es"):
        assert sentence(RuleBroken("day", "Sunday")) == "domingo"
