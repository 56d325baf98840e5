"""From results to answers, without Sphinx: what the book, `s6 claims` and the interactive parts say of a study."""
