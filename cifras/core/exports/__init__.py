"""Lists and reports as files.

    table = Table("libro-de-ventas", _("Libro de ventas"), [Column(_("Fecha"), CellKind.DATE), ...], rows)
    return deliver(table, "xlsx", actor=request.user, filters=request.GET.urlencode())

`delivering.deliver` asks for the hourly limit and audits; whoever calls it has asked for the right.
"""

from cifras.core.exports.table import CellKind, Column, Table

__all__ = ["CellKind", "Column", "Table"]
