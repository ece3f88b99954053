"""Fabo (Paperclip), a Peruvian provider: five commands posted to one address, as JSON or as text (Peru contract 2)."""

from cifras.pac.fabo.service import FaboService

__all__ = ["FaboService"]
