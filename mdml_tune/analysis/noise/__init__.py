"""How sure we are: who is ahead of whom, and by how much."""
