"""The pages of the reports."""

from reports.views.all_companies import all_companies_report
from reports.views.documents import documents_report
from reports.views.reconciliation import reconciliation, reconciliation_now, reconciliation_of_tenant

__all__ = [
    "all_companies_report",
    "documents_report",
    "reconciliation",
    "reconciliation_now",
    "reconciliation_of_tenant",
]
