"""Attempts of one caller to harm the loop or the others: each was seen to succeed before it was ended."""
