"""Shapes of columns that many tables share: times as RFC 3339 text, digests as hex, JSON as text."""

from typing import Any

from django.db import models

TIME_LENGTH = len("2026-11-24T12:00:00Z")
DIGEST_LENGTH = 64
NAME_LENGTH = 255


def time_text(**options: Any) -> "models.CharField[str, str]":
    """Return a column for a moment as ``YYYY-MM-DDTHH:MM:SSZ``; the empty text means never."""
    return models.CharField(max_length=TIME_LENGTH, blank=True, default="", **options)


def digest_text(**options: Any) -> "models.CharField[str, str]":
    """Return a column for a SHA-256 in lower-case hex."""
    return models.CharField(max_length=DIGEST_LENGTH, **options)


def name_text(**options: Any) -> "models.CharField[str, str]":
    """Return a column for an identifier or a name."""
    return models.CharField(max_length=NAME_LENGTH, **options)


def json_text(default: str) -> "models.TextField[str, str]":
    """Return a column for canonical JSON kept as text, so that what was judged is shown byte for byte."""
    return models.TextField(default=default)
