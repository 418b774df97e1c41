"""An authenticating proxy in front of a service: authproxy --listen-port 8080 --upstream http://127.0.0.1:8081."""

import argparse
import asyncio
import logging
import os
import signal
import sys

from aiohttp import web

from authproxy.credentials import read_keys
from authproxy.limits import RateLimit
from authproxy.proxy import Proxy
from authproxy.users import Users, open_database


def secret(name):
    """The path of a secret of the task."""
    directory = os.environ.get("KILT_SECRETS")
    return os.path.join(directory, name) if directory else None


def database_location(argument):
    if argument:
        return argument
    path = secret("authproxy-database")
    if path and os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    return os.environ.get("AUTHPROXY_DATABASE", "sqlite:authproxy.db")


def argument_parser():
    parser = argparse.ArgumentParser(prog="authproxy", description=__doc__)
    parser.add_argument(
        "--listen-host", default="0.0.0.0", help="address for requests from outside (default: %(default)s)"
    )
    parser.add_argument("--listen-port", type=int, required=True, help="port for requests from outside")
    parser.add_argument("--upstream", required=True, metavar="URL", help="the service, such as http://127.0.0.1:8081")
    parser.add_argument("--metrics-port", type=int, help="port of /metrics on loopback")
    parser.add_argument(
        "--database",
        metavar="LOCATION",
        help="postgresql://… or sqlite:PATH (default: the secret authproxy-database, AUTHPROXY_DATABASE, sqlite:authproxy.db)",
    )
    parser.add_argument(
        "--keys",
        default=secret("authproxy-keys"),
        metavar="FILE",
        help="signing keys of tokens, one per line (default: the secret authproxy-keys)",
    )
    parser.add_argument(
        "--rate", type=float, default=50, help="requests per second of a user; 0 for no limit (default: %(default)s)"
    )
    parser.add_argument("--burst", type=int, default=100, help="requests of a user at once (default: %(default)s)")
    parser.add_argument(
        "--open-path", action="append", default=[], metavar="PATH", help="a path that needs no credential; repeatable"
    )
    return parser


async def serve(arguments, ready=None):
    """Serves until SIGTERM or SIGINT, and finishes the requests that it has."""
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    database = open_database(database_location(arguments.database))
    proxy = Proxy(
        arguments.upstream,
        Users(database),
        read_keys(arguments.keys),
        RateLimit(arguments.rate, arguments.burst),
        arguments.open_path,
    )
    runners = [web.AppRunner(proxy.application(), access_log=None, shutdown_timeout=30)]
    places = [(arguments.listen_host, arguments.listen_port)]
    if arguments.metrics_port is not None:
        runners.append(web.AppRunner(proxy.metrics_application(), access_log=None))
        places.append(("127.0.0.1", arguments.metrics_port))
    for runner, (host, port) in zip(runners, places):
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        print(f"authproxy listening on {host}:{port}", file=sys.stderr, flush=True)
    if ready:
        ready(proxy)
    await ending.wait()
    for runner in runners:
        await runner.cleanup()
    await database.close()
    print("authproxy stopped", file=sys.stderr, flush=True)


def main():
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    arguments = argument_parser().parse_args()
    if not arguments.keys:
        sys.exit("authproxy: no signing keys: name a file with --keys, or give the task the secret authproxy-keys")
    asyncio.run(serve(arguments))


if __name__ == "__main__":
    main()
