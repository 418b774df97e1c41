"""A cache that is memcached where one is configured, and this process's memory where none is."""

from lib.memcache_utils.cache import LocalCache, MemcachedCache, connect, remember

__all__ = ["LocalCache", "MemcachedCache", "connect", "remember"]
