"""The demo: real purchases played through the published client library, against the functions on this machine."""
