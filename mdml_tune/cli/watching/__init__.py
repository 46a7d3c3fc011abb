"""Showing and telling what a running study does."""
