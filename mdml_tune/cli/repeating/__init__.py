"""Training a recorded trial again, and comparing."""
