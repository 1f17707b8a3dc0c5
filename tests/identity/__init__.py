"""Signing in with an identity on this machine: storage that takes tokens over HTTPS, and who hands them out."""
