"""Alanube, Panama: its dialect as the papers and the observed clients show it."""
