"""Tandia, a Peruvian provider: documents are read from it; issuing through it is not documented (Peru contract 1)."""

from cifras.pac.tandia.service import TandiaService

__all__ = ["TandiaService"]
