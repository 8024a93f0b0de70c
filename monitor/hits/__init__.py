"""Match: watchlists against the text of an article. Everything but step.py is pure; the same text and watchlist give the same verdict."""
