"""`dev.py wheel`: the package `rankloop`, which pip and uvx install."""
