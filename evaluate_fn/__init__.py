"""Offline evaluation and feature importance: submitted over HTTP, carried out by queue messages."""
