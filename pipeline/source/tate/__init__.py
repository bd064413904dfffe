"""The Tate's collection."""
