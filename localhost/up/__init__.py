"""The commands `up` and `replay`."""
