"""Code tables of the authorities, as data with their source."""
