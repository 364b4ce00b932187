"""The pages, a module each: ask the shared functions, shape rows, render."""
