"""The pages of the reports."""

from reports.views.all_companies import all_companies_report
from reports.views.billing import billing, billing_issue, billing_issue_all, billing_now
from reports.views.billing_pac import billing_pac
from reports.views.billing_statement import billing_documents, billing_of_tenant
from reports.views.books import month_end, month_end_book, month_end_now
from reports.views.closing import closing, closing_adjustments, closing_documents
from reports.views.documents import documents_report
from reports.views.reconciliation import (
    reconciliation,
    reconciliation_now,
    reconciliation_of_tenant,
    reconciliation_runs,
)
from reports.views.report_files import (
    companies_file,
    differences_file,
    documents_file,
    reconciliation_file,
)

__all__ = [
    "all_companies_report",
    "billing",
    "billing_documents",
    "billing_issue",
    "billing_issue_all",
    "billing_now",
    "billing_of_tenant",
    "billing_pac",
    "closing",
    "closing_adjustments",
    "closing_documents",
    "companies_file",
    "differences_file",
    "documents_file",
    "documents_report",
    "month_end",
    "month_end_book",
    "month_end_now",
    "reconciliation",
    "reconciliation_file",
    "reconciliation_now",
    "reconciliation_of_tenant",
    "reconciliation_runs",
]
