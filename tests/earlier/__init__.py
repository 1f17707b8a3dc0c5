"""Documents as an earlier version has stored them, and what a newer version would add to them."""
