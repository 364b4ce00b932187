"""The doors: one module per way to reach an observed system."""
