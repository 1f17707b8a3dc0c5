"""Files of old logs, lines or tables, and the one log in the order of time that is made of them."""
