"""What kept networks say of images, whoever wants to know."""
