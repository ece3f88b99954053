"""What has been: the monthly roll-up, and what the providers say."""

from reports.models.figures import DirtyMonth, MonthlyFigure, MonthlyRate, Origin, RollupCursor
from reports.models.reconciliation import Difference, DifferenceComment, Reconciliation
from reports.models.statements import Statement, StatementFigure, StatementRequest

__all__ = [
    "Difference",
    "DifferenceComment",
    "DirtyMonth",
    "MonthlyFigure",
    "MonthlyRate",
    "Origin",
    "Reconciliation",
    "RollupCursor",
    "Statement",
    "StatementFigure",
    "StatementRequest",
]
