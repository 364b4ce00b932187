"""One module per area of what can be seen on a host, on top of one door to it."""
