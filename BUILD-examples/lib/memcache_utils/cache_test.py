from lib.memcache_utils import LocalCache, MemcachedCache, connect, remember


def test_the_least_recently_used_entry_leaves_first():
    cache = LocalCache(capacity=2)
    cache.set("a", 1)
    cache.set("b", 2)
    assert cache.get("a") == 1
    cache.set("c", 3)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)


def test_entries_expire():
    now = [100.0]
    cache = LocalCache(clock=lambda: now[0])
    cache.set("a", 1, expire_seconds=5)
    assert cache.get("a") == 1
    now[0] = 105.0
    assert cache.get("a") is None


def test_remember_computes_once():
    calls = []
    cache = LocalCache()
    for _ in range(3):
        assert remember(cache, "k", lambda: calls.append(1) or "v") == "v"
    assert calls == [1]


def test_a_server_that_is_away_is_a_miss():
    cache = connect("127.0.0.1:1")
    assert isinstance(cache, MemcachedCache)
    cache.set("a", 1)
    assert cache.get("a") is None
