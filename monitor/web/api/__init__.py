"""The read API: lists and items of what the store holds, as JSON. Each operation is declared once; the declaration serves it and documents it."""
