"""The doctor reads the file that a cluster is made from, before anything costs money."""
