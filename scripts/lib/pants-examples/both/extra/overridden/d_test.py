from extra.overridden.a import b


def test_it(thing):
    assert b
