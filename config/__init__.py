"""What all parties agree on beforehand: formats, criteria, evaluation. Pure: bytes and values in, values out."""

__version__ = "0.1.0"
