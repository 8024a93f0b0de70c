"""Digests: select what is told, put it into a document, render the document as mail, text and JSON, freeze it. step.py plans."""
