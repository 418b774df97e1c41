"""The company's public API: constants for fiddling, and questions for the eightball."""
