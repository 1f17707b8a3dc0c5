"""The decision of a Rank, and the model and settings that it is made with."""
