"""What a kept network says of images."""
