"""What is measured once, on stored nets or on the machine, for the book to read: a module per `s6 measure NAME`."""
