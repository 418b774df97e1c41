"""Signed tokens: who is calling, and until when."""

from lib.auth.tokens import BadToken, issue, verify

__all__ = ["BadToken", "issue", "verify"]
