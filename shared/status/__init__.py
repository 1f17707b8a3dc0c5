"""What the loop says of itself: status, warnings, run records, the trace of an event."""
