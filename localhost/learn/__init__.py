"""`dev.py learn`: from old logs to settings, a model and the verdict on both, and into a loop."""
