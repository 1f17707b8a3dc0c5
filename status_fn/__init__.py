"""Whether the service is ready, and what the loop is doing."""
