"""Users and API keys in PostgreSQL, or in SQLite where no PostgreSQL is configured."""

import asyncio
import collections
import functools
import hmac
import sqlite3
import time

from authproxy.credentials import BadCredential, digest

User = collections.namedtuple("User", "name roles")

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
  name TEXT PRIMARY KEY,
  roles TEXT NOT NULL DEFAULT '',
  active INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE IF NOT EXISTS api_keys (
  id TEXT PRIMARY KEY,
  user_name TEXT NOT NULL REFERENCES users (name),
  digest TEXT NOT NULL,
  active INTEGER NOT NULL DEFAULT 1
);
"""
USER_BY_NAME = "SELECT name, roles FROM users WHERE name = $1 AND active = 1"
USER_BY_KEY = (
    "SELECT users.name, users.roles, api_keys.digest FROM api_keys JOIN users ON users.name = api_keys.user_name "
    "WHERE api_keys.id = $1 AND api_keys.active = 1 AND users.active = 1"
)


class Unavailable(Exception):
    """The database cannot be asked: nothing is known about the credential."""


class SqliteDatabase:
    """A file that this process alone uses."""

    def __init__(self, path):
        self.path = path
        self.connection = None

    def _run(self, statement, values):
        if self.connection is None:
            self.connection = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
            self.connection.executescript(SCHEMA)
        # SQLite's own form of numbered parameters is ?1.
        return self.connection.execute(statement.replace("$", "?"), values).fetchall()

    async def ask(self, statement, *values):
        try:
            return await asyncio.get_running_loop().run_in_executor(
                None, functools.partial(self._run, statement, values)
            )
        except sqlite3.Error as error:
            raise Unavailable(str(error))

    async def prepare(self):
        await self.ask("SELECT 1")

    async def close(self):
        if self.connection is not None:
            self.connection.close()


class PostgresDatabase:
    """A pool of connections, which is made when the first question is asked and again after a failure."""

    def __init__(self, url):
        self.url = url
        self.pool = None
        self.lock = asyncio.Lock()

    async def ask(self, statement, *values):
        import asyncpg

        try:
            async with self.lock:
                if self.pool is None:
                    self.pool = await asyncpg.create_pool(
                        self.url, min_size=1, max_size=4, timeout=5, command_timeout=5
                    )
            return [tuple(row) for row in await self.pool.fetch(statement, *values)]
        except (OSError, asyncio.TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Unavailable(f"{type(error).__name__}: {error}")

    async def prepare(self):
        for statement in SCHEMA.split(";"):
            if statement.strip():
                await self.ask(statement)

    async def close(self):
        if self.pool is not None:
            await self.pool.close()


def open_database(location):
    """The database of `postgresql://…` or `sqlite:PATH`."""
    if location.startswith(("postgresql://", "postgres://")):
        return PostgresDatabase(location)
    if location.startswith("sqlite:"):
        return SqliteDatabase(location[len("sqlite:") :])
    raise ValueError(f"a database is postgresql://USER@HOST/NAME or sqlite:PATH, not {location!r}")


class Users:
    """Who a credential belongs to. Answers are kept for `fresh` seconds, and used for `stale` seconds while the database is away."""

    LIMIT = 10_000

    def __init__(self, database, fresh=30, stale=600, clock=time.monotonic):
        self.database = database
        self.fresh, self.stale, self.clock = fresh, stale, clock
        self.known = collections.OrderedDict()

    async def _row(self, kind, name, statement):
        now = self.clock()
        entry = self.known.get((kind, name))
        if entry and now - entry[0] < self.fresh:
            return entry[1]
        try:
            rows = await self.database.ask(statement, name)
        except Unavailable:
            if entry and now - entry[0] < self.stale:
                return entry[1]
            raise
        row = rows[0] if rows else None
        self.known[kind, name] = (now, row)
        self.known.move_to_end((kind, name))
        # Names that nobody has come from outside: they must not fill the memory.
        while len(self.known) > self.LIMIT:
            self.known.popitem(last=False)
        return row

    async def by_name(self, name):
        """The user of a token; raises BadCredential for one that is unknown or inactive."""
        row = await self._row("user", name, USER_BY_NAME)
        if row is None:
            raise BadCredential("unknown user")
        return User(row[0], row[1])

    async def by_api_key(self, key_id, secret):
        """The user of an API key; raises BadCredential."""
        row = await self._row("key", key_id, USER_BY_KEY)
        if not hmac.compare_digest(row[2] if row else "", digest(secret)) or row is None:
            raise BadCredential("unknown API key")
        return User(row[0], row[1])
