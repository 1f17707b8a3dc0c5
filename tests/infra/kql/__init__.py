"""Queries in KQL, read by the language service of the editors in which people write them."""
