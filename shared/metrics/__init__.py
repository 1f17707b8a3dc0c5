"""What the loop earned, in bins of five minutes, and how well an apprentice imitates."""
