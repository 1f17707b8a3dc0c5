"""Service configuration and learning settings."""
