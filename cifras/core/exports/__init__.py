"""Lists and reports as files.

    table = Table("libro-de-ventas", _("Libro de ventas"), [Column(_("Fecha"), CellKind.DATE), ...], rows)
    return download(table, "xlsx")

`download` only writes; `deliver` also asks for the hourly limit and audits.
"""

from cifras.core.exports.csv_file import write_csv
from cifras.core.exports.downloads import download
from cifras.core.exports.table import CellKind, Column, Table
from cifras.core.exports.xlsx_file import write_xlsx

__all__ = ["CellKind", "Column", "Table", "download", "write_csv", "write_xlsx"]
