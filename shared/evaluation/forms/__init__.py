"""The JSON forms of evaluations and feature importances: requests, answers of each API version, stored documents."""
