"""Igor takes messages from a queue and does what they say."""
