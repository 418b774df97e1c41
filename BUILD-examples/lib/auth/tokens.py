"""Tokens of the form USER.EXPIRY.SIGNATURE, signed with a secret that the services share."""

import hashlib
import hmac
import time


class BadToken(Exception):
    """The token is malformed, expired, or signed with another secret."""


def _signature(secret, text):
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def issue(user, secret, lifetime_seconds=3600, now=None):
    """A token for `user` that is good for `lifetime_seconds`."""
    if "." in user:
        raise ValueError(f"a user name has no dot: {user!r}")
    expiry = int((time.time() if now is None else now) + lifetime_seconds)
    text = f"{user}.{expiry}"
    return f"{text}.{_signature(secret, text)}"


def verify(token, secret, now=None):
    """The user a token was issued for; raises BadToken."""
    parts = token.split(".")
    if len(parts) != 3:
        raise BadToken("not a token")
    user, expiry, signature = parts
    if not hmac.compare_digest(signature, _signature(secret, f"{user}.{expiry}")):
        raise BadToken("wrong signature")
    if int(expiry) <= (time.time() if now is None else now):
        raise BadToken("expired")
    return user
