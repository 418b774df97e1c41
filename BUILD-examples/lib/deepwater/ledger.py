"""Claims and checkpoints beside the data, so that an attempt that is repeated does no work twice."""

import json


class Stale(Exception):
    """A newer attempt has the partition: this one must not write."""


class Ledger:
    """A table in the database that the steps write to. `placeholder` is that of the driver: ? or %s.

    Call `claim` and its methods in the transaction that writes the data: they count exactly if the data does.
    """

    def __init__(self, connection, placeholder="?"):
        self._connection = connection
        self._placeholder = placeholder
        self._execute(
            "CREATE TABLE IF NOT EXISTS deepwater_claims (key VARCHAR(500) PRIMARY KEY, fence BIGINT NOT NULL,"
            " done INTEGER NOT NULL, checkpoint TEXT NOT NULL)"
        )
        connection.commit()

    def _execute(self, sql, values=()):
        cursor = self._connection.cursor()
        cursor.execute(sql.replace("?", self._placeholder), values)
        return cursor

    def claim(self, context):
        """Takes the partition for this attempt; raises `Stale` when a newer attempt has it."""
        self._execute(
            "INSERT INTO deepwater_claims (key, fence, done, checkpoint) VALUES (?, ?, 0, 'null')"
            " ON CONFLICT (key) DO UPDATE SET fence = excluded.fence WHERE deepwater_claims.fence < excluded.fence",
            (context.key, context.fence),
        )
        claim = Claim(self, context)
        claim.check()
        return claim


class Claim:
    """A partition that this attempt has."""

    def __init__(self, ledger, context):
        self._ledger = ledger
        self._context = context
        self.done = False
        #: What the last attempt saved; None before the first `save`.
        self.checkpoint = None

    def check(self):
        fence, done, checkpoint = self._ledger._execute(
            "SELECT fence, done, checkpoint FROM deepwater_claims WHERE key = ?", (self._context.key,)
        ).fetchone()
        if fence != self._context.fence:
            raise Stale(f"attempt {self._context.values['attempt']} of {self._context.key} is not the newest")
        self.done = bool(done)
        self.checkpoint = json.loads(checkpoint)

    def _update(self, assignment, value):
        cursor = self._ledger._execute(
            f"UPDATE deepwater_claims SET {assignment} WHERE key = ? AND fence = ?",
            (value, self._context.key, self._context.fence),
        )
        if cursor.rowcount != 1:
            raise Stale(f"attempt {self._context.values['attempt']} of {self._context.key} is not the newest")

    def save(self, checkpoint):
        """Keeps how far the attempt is, for the next one."""
        self._update("checkpoint = ?", json.dumps(checkpoint))
        self.checkpoint = checkpoint

    def finish(self, result):
        """Marks the partition as done; `result` is its checkpoint from then on."""
        self.save(result)
        self._update("done = ?", 1)
        self.done = True
