"""Reconciliation of a month with the provider: totals first, rows where they differ, a class and a reason for each difference."""
