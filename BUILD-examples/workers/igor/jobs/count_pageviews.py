"""Counts page views by host and hour."""

import collections
import datetime
from urllib.parse import urlsplit


class CountPageviews:
    def __init__(self):
        self.counts = collections.Counter()

    def run(self, body):
        hour = datetime.datetime.fromtimestamp(body["at"], datetime.timezone.utc).strftime("%Y-%m-%dT%H")
        key = (urlsplit(body["url"]).hostname or "unknown", hour)
        self.counts[key] += body.get("views", 1)
        return {"host": key[0], "hour": hour, "views": self.counts[key]}
