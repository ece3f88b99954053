"""The back office's stones: staff, secrets, the audit trail, the base classes of the staff site, and `wake`."""

from cifras.core.waking import wake

__all__ = ["wake"]
