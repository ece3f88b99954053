"""Closing a tenant's month: its gates, what is frozen, later changes as adjustments, and the way back."""
