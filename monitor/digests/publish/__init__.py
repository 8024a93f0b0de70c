"""The stories of a watchlist as a feed for other readers: Atom and JSON Feed."""
