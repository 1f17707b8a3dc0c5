"""What `benchmarks.hostile` is made of: calls that seeds make up, their sender, and what is wrong with an answer."""
