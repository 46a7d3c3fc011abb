"""Tables of the literature to be quoted beside one's own: one file each, as printed."""
