"""Alanube, Panama: its dialect as the papers and the observed clients show it."""

from cifras.pac.alanube.factory import PacCreditNoteFactory, PacInvoiceFactory
from cifras.pac.alanube.service import PacService

__all__ = ["PacCreditNoteFactory", "PacInvoiceFactory", "PacService"]
