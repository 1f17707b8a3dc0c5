"""`dev.py evaluate`: what policies would have earned, from any log in the old service's format, without a server."""
