"""What is written: files, scopes, expressions, branches and places, under one numbering."""
