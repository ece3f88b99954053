"""The staff site's base classes, and the pages of this app: staff, groups, audit trail, schedules."""

from cifras.core.admin.audit_page import AuditPage
from cifras.core.admin.export_pages import ExportJobPage
from cifras.core.admin.proposal_pages import ProposalPage
from cifras.core.admin.schedule_pages import TaskPage
from cifras.core.admin.staff_pages import GroupPage, StaffPage

__all__ = ["AuditPage", "ExportJobPage", "GroupPage", "ProposalPage", "StaffPage", "TaskPage"]
