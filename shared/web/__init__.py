"""What every HTTP function shares: versions' routes, keys, errors, request ids, time limits."""
