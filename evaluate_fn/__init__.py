"""Offline evaluation and feature importance: asked over HTTP, worked off by queue messages."""
