"""The service configuration and the learning settings of a loop: rules, forms, store."""
