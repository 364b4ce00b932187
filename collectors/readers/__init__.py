"""Readers: parsers of what the door hands out, text in and values out; and what several collectors share.

Those that take a host ask its door for one thing (packages, units, processes, disks), mostly once a scan.
"""
