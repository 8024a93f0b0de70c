"""Articles: reading pages, telling languages and copies apart."""
