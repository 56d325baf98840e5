"""The studies and how to run them."""
