"""The onboarding as pages: one question at a time over the stored record, resumed by whoever is at hand."""

from tenants.admin.wizard.doors import WizardDoorsMixin

__all__ = ["WizardDoorsMixin"]
