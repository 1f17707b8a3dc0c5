"""Azurite, the storage emulator, as a process."""
