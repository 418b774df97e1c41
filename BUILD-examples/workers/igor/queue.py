"""Queues in a SQLite file: any number of processes put, take, and acknowledge.

A message that is taken and not acknowledged within its lease goes back; one that failed too often is set aside.
"""

import json
import sqlite3
import time

SCHEMA = """
create table if not exists messages (
    id integer primary key,
    queue text not null,
    body text not null,
    ready_at real not null,
    attempts integer not null default 0,
    failed_with text
);
create index if not exists ready on messages (queue, ready_at) where failed_with is null;
"""


class Message:
    def __init__(self, id, body, attempts):
        self.id = id
        self.body = body
        self.attempts = attempts


class Queue:
    def __init__(self, path, name, lease_seconds=60, max_attempts=3, clock=time.time):
        self.name = name
        self._lease_seconds = lease_seconds
        self._max_attempts = max_attempts
        self._clock = clock
        # Autocommit, with transactions begun by hand: taking a message is one write.
        self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._connection.executescript(SCHEMA)

    def close(self):
        self._connection.close()

    def put(self, body):
        """Adds a message (any JSON value); gives its number."""
        cursor = self._connection.execute(
            "insert into messages (queue, body, ready_at) values (?, ?, ?)",
            (self.name, json.dumps(body), self._clock()),
        )
        return cursor.lastrowid

    def take(self):
        """The oldest ready message, ours until the lease ends; None when there is none."""
        now = self._clock()
        self._connection.execute("begin immediate")
        try:
            row = self._connection.execute(
                "select id, body, attempts from messages"
                " where queue = ? and failed_with is null and ready_at <= ? order by id limit 1",
                (self.name, now),
            ).fetchone()
            if row is not None:
                self._connection.execute(
                    "update messages set ready_at = ?, attempts = attempts + 1 where id = ?",
                    (now + self._lease_seconds, row[0]),
                )
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")
        return None if row is None else Message(row[0], json.loads(row[1]), row[2] + 1)

    def done(self, message):
        self._connection.execute("delete from messages where id = ?", (message.id,))

    def failed(self, message, reason):
        """Gives the message back, or sets it aside when it was tried often enough."""
        if message.attempts >= self._max_attempts:
            self._connection.execute("update messages set failed_with = ? where id = ?", (reason, message.id))
        else:
            self._connection.execute("update messages set ready_at = ? where id = ?", (self._clock(), message.id))

    def counts(self):
        """How many messages wait (or are in work), and how many were set aside."""
        row = self._connection.execute(
            "select count(*) - count(failed_with), count(failed_with) from messages where queue = ?", (self.name,)
        ).fetchone()
        return {"waiting": row[0], "failed": row[1]}


def queue_names(path):
    """The queues that hold a message, in order."""
    connection = sqlite3.connect(path, timeout=30)
    try:
        connection.executescript(SCHEMA)
        return [row[0] for row in connection.execute("select distinct queue from messages order by queue")]
    finally:
        connection.close()
