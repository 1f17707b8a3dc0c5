"""What the functions share: contract, rules of the loop, learner, storage, web edge, settings."""
