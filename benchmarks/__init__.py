"""How fast is fastapi-lint, and how fast are its peers? Whole processes, measured in turn in one run."""
