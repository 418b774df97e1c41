try:
    from lib.auth import tokens
except ImportError:
    tokens = None
