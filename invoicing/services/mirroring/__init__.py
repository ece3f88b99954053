"""Bringing what is issued at a provider without us: its list is read page by page, and each document of it once, whole.

`pulling` reads the lists, `bringing` the documents, `building` makes rows of them, `linking` finds a note's invoice. Only
providers that declare MIRROR have such a list. A document that we issued ourselves is known by its id and by its number.
"""
