"""Importing files: drafts, documents issued elsewhere, and movements of money, row by row, rehearsed first."""
