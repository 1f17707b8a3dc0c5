"""What deploying does on the user's machine: standard library only, Python 3.10 or later, every platform."""
