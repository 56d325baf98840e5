"""The figures, tables and frames of the book, a module per chapter; they share `topics.py` and `standard.py`."""
