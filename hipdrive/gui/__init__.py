"""The window: pages to review recordings and, later, to make them."""
