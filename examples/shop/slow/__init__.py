"""The shop with anti-patterns: a comment at a line's end names the rule that reports the line."""
