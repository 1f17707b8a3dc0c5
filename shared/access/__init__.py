"""Who may do what with a loop: roles, and the keys that have them."""
