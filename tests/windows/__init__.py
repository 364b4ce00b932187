"""The Windows parts, run by a Windows Python under Wine: registry, services, COM, DPAPI and the whole scan."""
