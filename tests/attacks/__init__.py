"""What one caller could do to all others, or to what is theirs; each was possible once."""
