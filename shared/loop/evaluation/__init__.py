"""Offline evaluations: what is asked, the tasks it takes, and what came of them. No task is carried out here."""
