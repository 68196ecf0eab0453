"""What goes in: every format, every growth, every damage."""
