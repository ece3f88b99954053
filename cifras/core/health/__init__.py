"""What machines ask the product: is it alive (/healthz), may it serve (/readyz), how does it fare (/metrics)."""
