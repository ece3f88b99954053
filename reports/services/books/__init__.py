"""The accountant's books of a month: one tenant, one local month, one environment, never two currencies added together."""
