"""Peru's practice: one pretend SUNAT, and two providers that speak to it, each in the dialect of its own paper."""
