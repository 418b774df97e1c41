"""igorctl: puts messages into Igor's queues and shows what is in them."""

import argparse
import contextlib
import json
import sys

from workers.igor.queue import Queue, queue_names


def put(arguments, output):
    with contextlib.closing(Queue(arguments.database, arguments.queue)) as queue:
        for body in arguments.message or [line for line in sys.stdin if line.strip()]:
            output.write(f"{queue.put(json.loads(body))}\n")


def status(arguments, output):
    for name in queue_names(arguments.database):
        with contextlib.closing(Queue(arguments.database, name)) as queue:
            counts = queue.counts()
        output.write(f"{name:<20} {counts['waiting']:6} waiting {counts['failed']:6} failed\n")


def main(argv=None, output=sys.stdout):
    parser = argparse.ArgumentParser(prog="igorctl", description="messages for Igor")
    parser.add_argument("--database", default="igor.sqlite3", metavar="FILE", help="where the queues are kept")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.required = True
    command = commands.add_parser("put", help="add messages: JSON arguments, or JSON lines on the standard input")
    command.add_argument("queue")
    command.add_argument("message", nargs="*")
    command.set_defaults(run=put)
    command = commands.add_parser("status", help="what waits and what failed, by queue")
    command.set_defaults(run=status)
    arguments = parser.parse_args(argv)
    try:
        arguments.run(arguments, output)
    except ValueError as error:
        raise SystemExit(f"igorctl: not JSON: {error}")


if __name__ == "__main__":
    main()
