"""SUNAT's code tables of taxes: catalogues 05, 07 and 16, the rate of the IGV and the ICBPER by year.

Source: annex 8 of SUNAT's rules as transcribed in 2021, and SUNAT's own validators; confirmed in the Peru contract 3.5 and 3.6.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from cifras.fiscal.catalogues.tables import CodeTable
from cifras.fiscal.errors import RuleBroken, gettext_noop


class Tax(StrEnum):
    """Catalogue 05. `short` is the name that stands in the XML, and in Tandia's documents."""

    label: str
    short: str

    def __new__(cls, code: str, short: str, label: str) -> "Tax":
        member = str.__new__(cls, code)
        member._value_ = code
        member.short = short
        member.label = label
        return member

    IGV = "1000", "IGV", gettext_noop("Impuesto General a las Ventas")
    IVAP = "1016", "IVAP", gettext_noop("Impuesto a la Venta de Arroz Pilado")
    ISC = "2000", "ISC", gettext_noop("Impuesto Selectivo al Consumo")
    INCOME = "3000", "IR", gettext_noop("Impuesto a la Renta")
    ICBPER = "7152", "ICBPER", gettext_noop("Impuesto al consumo de las bolsas de plástico")
    EXPORT = "9995", "EXP", gettext_noop("Exportación")
    FREE = "9996", "GRA", gettext_noop("Gratuito")
    EXONERATED = "9997", "EXO", gettext_noop("Exonerado")
    UNAFFECTED = "9998", "INA", gettext_noop("Inafecto")
    OTHER = "9999", "OTROS", gettext_noop("Otros tributos")


class Affectation(StrEnum):
    """Catalogue 07, each with its tax. `is_taxed` ones carry the IGV's rate; on free ones it is for reference only."""

    label: str
    tax: Tax

    def __new__(cls, code: str, label: str = "", tax: Tax = Tax.FREE) -> "Affectation":
        member = str.__new__(cls, code)
        member._value_ = code
        member.label = label
        member.tax = tax
        return member

    TAXED = "10", gettext_noop("Gravado: operación onerosa"), Tax.IGV
    TAXED_PRIZE = "11", gettext_noop("Gravado: retiro por premio")
    TAXED_DONATION = "12", gettext_noop("Gravado: retiro por donación")
    TAXED_WITHDRAWAL = "13", gettext_noop("Gravado: retiro")
    TAXED_PUBLICITY = "14", gettext_noop("Gravado: retiro por publicidad")
    TAXED_BONUS = "15", gettext_noop("Gravado: bonificaciones")
    TAXED_TO_WORKERS = "16", gettext_noop("Gravado: retiro por entrega a trabajadores")
    IVAP = "17", gettext_noop("Gravado: IVAP"), Tax.IVAP
    EXONERATED = "20", gettext_noop("Exonerado: operación onerosa"), Tax.EXONERATED
    EXONERATED_FREE = "21", gettext_noop("Exonerado: transferencia gratuita")
    UNAFFECTED = "30", gettext_noop("Inafecto: operación onerosa"), Tax.UNAFFECTED
    UNAFFECTED_BONUS = "31", gettext_noop("Inafecto: retiro por bonificación")
    UNAFFECTED_WITHDRAWAL = "32", gettext_noop("Inafecto: retiro")
    UNAFFECTED_SAMPLES = "33", gettext_noop("Inafecto: retiro por muestras médicas")
    UNAFFECTED_COLLECTIVE = "34", gettext_noop("Inafecto: retiro por convenio colectivo")
    UNAFFECTED_PRIZE = "35", gettext_noop("Inafecto: retiro por premio")
    UNAFFECTED_PUBLICITY = "36", gettext_noop("Inafecto: retiro por publicidad")
    UNAFFECTED_FREE = "37", gettext_noop("Inafecto: transferencia gratuita")
    EXPORT = "40", gettext_noop("Exportación de bienes o servicios"), Tax.EXPORT

    @property
    def is_free(self) -> bool:
        """Whether nothing is paid for it: its value is a reference and is not added up."""
        return self.tax is Tax.FREE

    @property
    def is_taxed(self) -> bool:
        """Whether a rate belongs to it (10 to 16 the IGV's, 17 the IVAP's); the others carry no tax."""
        return self.startswith("1")

    @classmethod
    def knows(cls, code: str) -> bool:
        """Whether `code` is in the table."""
        return code in cls


class PriceKind(CodeTable):
    """Catalogue 16: what the price of a line is."""

    WITH_TAX = "01", gettext_noop("Precio unitario, con IGV")
    REFERENCE = "02", gettext_noop("Valor referencial unitario en operaciones gratuitas")
    REGULATED = "03", gettext_noop("Tarifa regulada")


# Percent (3.6): 16 IGV and 2 IPM. A special rate would be one more row.
IGV_RATE = Decimal(18)
IGV_RATES = frozenset({IGV_RATE})

# Soles for one bag, by the year of issue in Lima: the figure of a provider's example of 2021 (3.6). Years that no source
# of the contract confirms are absent on purpose.
ICBPER_PER_BAG: Mapping[int, Decimal] = {2021: Decimal("0.40")}


def icbper_per_bag(
    year: int, field: str = "icbper_bags", *, amounts: Mapping[int, Decimal] = ICBPER_PER_BAG
) -> Decimal:
    """What one bag pays in soles; raises RuleBroken (icbper_year_unknown) for a year without a confirmed amount."""
    amount = amounts.get(year)
    if amount is None:
        raise RuleBroken(
            "icbper_year_unknown",
            gettext_noop(
                "No hay un importe de ICBPER confirmado para {year}. Quite las bolsas o pida que se registre."
            ),
            field,
            year=str(year),
        )
    return amount
