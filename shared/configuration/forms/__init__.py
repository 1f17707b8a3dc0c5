"""The JSON forms of the service configuration and of the learning settings."""
