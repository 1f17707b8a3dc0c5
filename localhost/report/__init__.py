"""What a running loop says of itself, for people: the commands `status`, `metrics`, `event` and `up --welcome`."""
