"""The log of joined events: its lines, the join that makes them, storage, redaction."""
