"""How to speak to each provider. The clients that scripts use stand here by name; services ask the registry."""

from cifras.pac.alanube import PacService

__all__ = ["PacService"]
