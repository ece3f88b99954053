"""The staff site's lists of this app."""

from reports.admin import exchange_rates, plans, subscriptions

__all__ = ["exchange_rates", "plans", "subscriptions"]
