"""get/set/remember over memcached or a bounded dictionary."""

import collections
import json
import threading
import time

from pymemcache.client.base import Client


class LocalCache:
    """At most `capacity` entries, least recently used first out; for tests and for one-process development."""

    def __init__(self, capacity=1024, clock=time.monotonic):
        self._capacity = capacity
        self._clock = clock
        self._entries = collections.OrderedDict()
        self._lock = threading.Lock()

    def get(self, key):
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry is None:
                return None
            value, deadline = entry
            if deadline is not None and deadline <= self._clock():
                return None
            self._entries[key] = entry
            return value

    def set(self, key, value, expire_seconds=0):
        deadline = self._clock() + expire_seconds if expire_seconds else None
        with self._lock:
            self._entries.pop(key, None)
            self._entries[key] = (value, deadline)
            while len(self._entries) > self._capacity:
                self._entries.popitem(last=False)


class MemcachedCache:
    """A memcached server. Values are JSON; a server that is away counts as a miss."""

    def __init__(self, host, port):
        self._client = Client(
            (host, port),
            connect_timeout=1,
            timeout=1,
            ignore_exc=True,
            serializer=lambda key, value: (json.dumps(value).encode(), 1),
            deserializer=lambda key, value, flags: json.loads(value.decode()),
        )
        self._lock = threading.Lock()

    def get(self, key):
        with self._lock:
            return self._client.get(key)

    def set(self, key, value, expire_seconds=0):
        with self._lock:
            try:
                self._client.set(key, value, expire=expire_seconds)
            except (OSError, EOFError):
                pass


def connect(address):
    """The cache at `HOST:PORT`; without an address, one in this process."""
    if not address:
        return LocalCache()
    host, _, port = address.partition(":")
    return MemcachedCache(host, int(port or 11211))


def remember(cache, key, compute, expire_seconds=60):
    """The cached value of `key`, computed and kept where it is missing."""
    value = cache.get(key)
    if value is None:
        value = compute()
        cache.set(key, value, expire_seconds)
    return value
