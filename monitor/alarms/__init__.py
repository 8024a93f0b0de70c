"""Tells the operator what has stopped working, once, through another way out than the one that failed, and when it works again."""
