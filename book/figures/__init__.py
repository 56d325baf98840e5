"""The figures, tables and frames of the book, a module per chapter; `topics.py` and `standard.py` are what they share."""
