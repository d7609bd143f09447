"""Labels as people have them, and the annotations that become of them."""
