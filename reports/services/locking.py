"""The lock under which a tenant's months are written: rolled up, numbered for a run, decided about, closed, adjusted and
billed.
"""

from tenants.models import Tenant


def lock_tenant(key: int) -> None:
    """Wait for whoever writes the tenant's months, until the end of the caller's transaction; its documents stay free."""
    Tenant.objects.select_for_update(no_key=True).filter(pk=key).first()
