"""Fills the cache before anybody asks."""

from lib.memcache_utils import connect


class WarmCache:
    def __init__(self, memcache="", expire_seconds="300"):
        self.cache = connect(memcache)
        self._expire = int(expire_seconds)

    def run(self, body):
        for key, value in body["entries"].items():
            self.cache.set(key, value, self._expire)
        return {"warmed": len(body["entries"])}
