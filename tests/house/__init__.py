"""The house itself: who may import whom, sizes, names, scripts, packages."""
