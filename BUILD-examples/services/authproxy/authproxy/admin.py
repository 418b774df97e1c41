"""Users, API keys and tokens of the authenticating proxy: authproxy_admin --database LOCATION COMMAND."""

import argparse
import asyncio
import sys

from authproxy.credentials import USER, issue_token, make_api_key, read_keys
from authproxy.server import database_location, secret
from authproxy.users import Unavailable, open_database


def argument_parser():
    parser = argparse.ArgumentParser(prog="authproxy_admin", description=__doc__)
    parser.add_argument("--database", metavar="LOCATION", help="postgresql://… or sqlite:PATH")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init", help="create the tables")
    add = commands.add_parser("add-user", help="add a user, or change the roles of one")
    add.add_argument("user")
    add.add_argument("--roles", default="", help="separated by commas")
    for name, text in [
        ("disable-user", "refuse a user's credentials from now on"),
        ("add-key", "print a new API key of a user"),
    ]:
        commands.add_parser(name, help=text).add_argument("user")
    commands.add_parser("revoke-key", help="refuse an API key from now on").add_argument(
        "id", help="what is before the dot of the key"
    )
    token = commands.add_parser("token", help="print a signed token for a user")
    token.add_argument("user")
    token.add_argument("--keys", default=secret("authproxy-keys"), metavar="FILE")
    token.add_argument("--lifetime", type=int, default=3600, metavar="SECONDS")
    return parser


async def run(arguments):
    """Carries out one command; returns what to print."""
    if arguments.command == "token":
        return issue_token(arguments.user, read_keys(arguments.keys), arguments.lifetime)
    database = open_database(database_location(arguments.database))
    try:
        await database.prepare()
        if arguments.command == "add-user":
            if not USER.match(arguments.user) or not all(
                one.isprintable() and one.isascii() for one in arguments.roles
            ):
                raise ValueError("a user name has letters, digits, _, @ and -; roles are printable")
            await database.ask(
                "INSERT INTO users (name, roles) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET roles = $2, active = 1",
                arguments.user,
                arguments.roles,
            )
        elif arguments.command == "disable-user":
            await database.ask("UPDATE users SET active = 0 WHERE name = $1", arguments.user)
        elif arguments.command == "add-key":
            if not await database.ask("SELECT name FROM users WHERE name = $1", arguments.user):
                raise ValueError(f"user {arguments.user!r} does not exist: run add-user first")
            key_id, text, digest = make_api_key()
            await database.ask(
                "INSERT INTO api_keys (id, user_name, digest) VALUES ($1, $2, $3)", key_id, arguments.user, digest
            )
            return text
        elif arguments.command == "revoke-key":
            await database.ask("UPDATE api_keys SET active = 0 WHERE id = $1", arguments.id)
        return None
    finally:
        await database.close()


def main():
    try:
        text = asyncio.run(run(argument_parser().parse_args()))
    except (ValueError, Unavailable) as error:
        sys.exit(f"authproxy_admin: {error}")
    if text:
        print(text)


if __name__ == "__main__":
    main()
