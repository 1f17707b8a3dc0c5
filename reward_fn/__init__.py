"""Reward and activate."""
