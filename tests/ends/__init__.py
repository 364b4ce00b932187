"""What only a view of both ends can check: the real agent against the real server process."""
