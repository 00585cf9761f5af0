"""The built-in rules: one file, one rule."""
