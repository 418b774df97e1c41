from extra.overridden import b, c
