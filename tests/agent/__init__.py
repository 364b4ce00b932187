"""The agent's tests: one module per module of the room, and an in-memory twin of the server."""
