"""Finds the sessions whose tokens are no longer good."""

from lib.auth import BadToken, verify


class ExpireSessions:
    def __init__(self, secret=""):
        self._secret = secret

    def run(self, body):
        expired = []
        for session, token in sorted(body["sessions"].items()):
            try:
                verify(token, self._secret)
            except BadToken:
                expired.append(session)
        return {"expired": expired, "kept": len(body["sessions"]) - len(expired)}
