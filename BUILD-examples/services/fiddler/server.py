"""The API server: fiddler_server --port 8080."""

import os

from lib.memcache_utils import connect
from lib.sharknado import argument_parser, serve
from services.fiddler.app import make_api


def main():
    parser = argument_parser("fiddler, the public API")
    parser.add_argument("--memcache", default="", metavar="HOST:PORT", help="memcached to use (default: none)")
    parser.add_argument("--eightball", default="", metavar="URL", help="where the eightball service listens")
    arguments = parser.parse_args()
    api = make_api(connect(arguments.memcache), arguments.eightball, os.environ.get("FIDDLER_SECRET", ""))
    serve(api, arguments.host, arguments.port, arguments.threads, arguments.metrics_port)


if __name__ == "__main__":
    main()
