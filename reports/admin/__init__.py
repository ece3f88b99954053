"""The staff site's lists of this app."""

from reports.admin import plans, subscriptions

__all__ = ["plans", "subscriptions"]
