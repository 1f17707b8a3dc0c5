"""The page of the loop: one function serves its files, which stand in `page/`."""
