"""Search as people see it."""
