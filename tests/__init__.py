"""Mirrors the rooms, plus what only a view of both ends can check."""
