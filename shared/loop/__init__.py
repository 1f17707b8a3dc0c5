"""The rules of the loop: frozen values and pure functions, without I/O, clock or randomness."""
