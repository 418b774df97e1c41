from extra.overridden import c


def thing():
    return c
