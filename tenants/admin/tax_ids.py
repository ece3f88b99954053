"""What the public register answered about a tax id. It belongs to no tenant: whoever holds the right may read it."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from cifras.core.admin.badges import GREEN, RED, Badge
from cifras.core.admin.staff_admin import ReadOnlyStaffAdmin
from tenants.admin import exports
from tenants.models import TaxIdCheck


@admin.register(TaxIdCheck)
class TaxIdPage(ReadOnlyStaffAdmin):
    """The last answer about each tax id."""

    list_export = exports.TAX_IDS
    list_display = (
        "ruc",
        "dv",
        "contributor",
        "known",
        "receiver_word",
        "environment",
        "checked_at",
        "checked_by",
    )
    list_filter = ("country", "environment", "is_known")
    list_filter_submit = True
    ordering = ("-checked_at", "-pk")
    search_fields = ("ruc__istartswith",)
    search_help_text = _("El comienzo del RUC")
    fields = (
        ("ruc", "dv"),
        ("country", "environment", "contributor"),
        "known",
        "receiver_word",
        "answer",
        "exchange_id",
        ("checked_at", "checked_by"),
    )
    readonly_fields = ("known",)

    class Media:
        css = {"all": ("cifras/documents.css", "cifras/pages.css")}

    @display(description=_("existe"), ordering="is_known")
    def known(self, check: TaxIdCheck) -> Badge:
        if check.is_known:
            return Badge(_("Existe"), "check_circle", GREEN)
        return Badge(_("No existe"), "cancel", RED)
