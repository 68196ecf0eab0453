"""What users mark: bitmaps, stamps, and the engines that keep them."""
