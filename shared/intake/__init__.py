"""Ranks and rewards on their way into tables, and out of tables into the join."""
