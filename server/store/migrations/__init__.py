"""Migrations of the server's tables."""
