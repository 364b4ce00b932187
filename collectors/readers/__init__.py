"""Readers: pure parsers of what the door hands out.

Text in, values out; nothing here looks at a host by itself.
"""
