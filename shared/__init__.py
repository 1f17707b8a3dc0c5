"""What the functions share: a package for each subject, in the order that CONTRIBUTING.md gives."""
