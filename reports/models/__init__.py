"""What has been: the monthly roll-up, and what the providers say."""

from reports.models.billing import BillingDraft, BillingLine, BillingStatement, Charge, StatementWithdrawal
from reports.models.closing import Adjustment, Cause, ClosedDocument, FrozenFigure, FrozenRate, MonthClosing
from reports.models.exchange_rates import ExchangeRate
from reports.models.figures import DirtyMonth, MonthlyFigure, MonthlyRate, Origin, RollupCursor
from reports.models.pac_bill import PacBill, PacBillLine
from reports.models.plans import Plan, PlanPrice, Subscription
from reports.models.reconciliation import Difference, DifferenceComment, Reconciliation
from reports.models.statements import Statement, StatementFigure, StatementRequest

__all__ = [
    "Adjustment",
    "BillingDraft",
    "BillingLine",
    "BillingStatement",
    "Cause",
    "Charge",
    "ClosedDocument",
    "Difference",
    "DifferenceComment",
    "DirtyMonth",
    "ExchangeRate",
    "FrozenFigure",
    "FrozenRate",
    "MonthClosing",
    "MonthlyFigure",
    "MonthlyRate",
    "Origin",
    "PacBill",
    "PacBillLine",
    "Plan",
    "PlanPrice",
    "Reconciliation",
    "RollupCursor",
    "Statement",
    "StatementFigure",
    "StatementRequest",
    "StatementWithdrawal",
    "Subscription",
]
