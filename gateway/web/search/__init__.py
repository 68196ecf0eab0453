"""Search for people: what is typed into the box, what it finds, and the lines that show it."""
