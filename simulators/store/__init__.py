"""The one door to everything of a world that changes."""
