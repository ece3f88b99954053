"""The style and script of the documents' pages."""

from django import forms

ASSETS = forms.Media(css={"all": ("cifras/documents.css",)}, js=("cifras/documents.js",))
