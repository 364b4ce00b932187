"""Vendors' files, as they are published and as they are broken."""
