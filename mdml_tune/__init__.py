"""Hyper-parameter search for multi-task networks that learn from each other."""

__version__ = "0.1.0"
