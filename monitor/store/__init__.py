"""The store: a narrow port (driver.py), its engines (sqlite.py), the schema (schema.py) and one file of named SQL per noun."""
