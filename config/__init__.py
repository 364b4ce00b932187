"""What all parties agree on beforehand: formats, criteria, evaluation. Pure: bytes and values only."""

__version__ = "0.1.0"
