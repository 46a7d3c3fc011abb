"""Figures, one per file: a function that returns numbers, and one that draws them."""
