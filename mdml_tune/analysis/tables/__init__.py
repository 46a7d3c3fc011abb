"""Tables as text, in every notation."""
