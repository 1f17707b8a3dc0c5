"""Finished studies: simulations whose figures stand in the docs."""
