"""Limits on the requests of each user."""

import collections
import time


class RateLimit:
    """A token bucket for each user: `rate` requests per second, and `burst` at once."""

    LIMIT = 10_000

    def __init__(self, rate, burst, clock=time.monotonic):
        self.rate, self.burst, self.clock = rate, burst, clock
        self.buckets = collections.OrderedDict()

    def wait(self, user):
        """0 if the user may go on; otherwise after how many seconds."""
        if self.rate <= 0:
            return 0
        now = self.clock()
        left, since = self.buckets.get(user, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.rate)
        allowed = left >= 1
        self.buckets[user] = (left - 1 if allowed else left, now)
        self.buckets.move_to_end(user)
        while len(self.buckets) > self.LIMIT:
            self.buckets.popitem(last=False)
        return 0 if allowed else (1 - left) / self.rate
