"""Published models: what is published, exported, signed, replaced."""
