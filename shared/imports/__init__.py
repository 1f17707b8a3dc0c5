"""Logs from elsewhere: events made of the rows of tables, chances that nobody noted, and what a log can teach."""
