"""Analysis -> JSON, CSV, HTML and tables."""
