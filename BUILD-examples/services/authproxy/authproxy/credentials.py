"""Credentials that clients show: signed tokens USER.EXPIRY.SIGNATURE and API keys ID.SECRET."""

import hashlib
import hmac
import re
import secrets
import time

USER = re.compile(r"[A-Za-z0-9_@-]{1,64}\Z")


class BadCredential(Exception):
    """The credential is malformed, expired, or not one of ours."""


def _signature(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def read_keys(path):
    """The signing keys of a file, one per line. The first one signs; all of them verify, so that keys can be changed."""
    with open(path, "rb") as file:
        keys = [line.strip() for line in file if line.strip()]
    if not keys or min(len(key) for key in keys) < 16:
        raise ValueError(f"{path} needs a signing key of at least 16 characters in each line")
    return keys


def issue_token(user, keys, lifetime_seconds, now=None):
    """A token for `user` that is good for `lifetime_seconds`."""
    if not USER.match(user):
        raise ValueError(f"a user name has letters, digits, _, @ and -: {user!r}")
    text = f"{user}.{int((time.time() if now is None else now) + lifetime_seconds)}"
    return f"{text}.{_signature(keys[0], text)}"


def verify_token(token, keys, now=None):
    """The user that a token was issued for; raises BadCredential."""
    parts = token.split(".")
    if len(parts) != 3 or not USER.match(parts[0]) or not re.match(r"[0-9]{1,12}\Z", parts[1]):
        raise BadCredential("not a token")
    text = f"{parts[0]}.{parts[1]}"
    # Every key is tried: how long it takes says nothing about which one signed.
    good = [hmac.compare_digest(parts[2].encode("utf-8", "replace"), _signature(key, text).encode()) for key in keys]
    if not any(good):
        raise BadCredential("wrong signature")
    if int(parts[1]) <= (time.time() if now is None else now):
        raise BadCredential("expired")
    return parts[0]


def make_api_key():
    """A new API key: its ID, its text for the client, and the digest for the database."""
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    return key_id, f"{key_id}.{secret}", digest(secret)


def split_api_key(text):
    """ID and secret of an API key; raises BadCredential."""
    match = re.match(r"([0-9a-f]{16})\.([A-Za-z0-9_-]{20,128})\Z", text)
    if not match:
        raise BadCredential("not an API key")
    return match.groups()


def digest(secret):
    """What the database keeps of a secret. Secrets are random and long: a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()
