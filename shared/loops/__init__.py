"""The loops of a deployment: which there are, and which of them want the trainer."""
