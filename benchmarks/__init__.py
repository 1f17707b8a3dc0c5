"""Benchmarks: each measures the product against a real other side, in turns, in the same run."""
