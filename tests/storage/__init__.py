"""Storage, against a real Azurite."""
