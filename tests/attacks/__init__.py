"""What was done to harm a loop or its neighbours, and does so no longer; one file for what is protected."""
