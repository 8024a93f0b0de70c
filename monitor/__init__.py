"""Monitor: a news-monitoring and alerting daemon that learns what to watch from example articles."""

__version__ = "0.1.0"
