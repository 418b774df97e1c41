"""Serving an API from the command line: --host, --port, --threads, and an end on SIGTERM."""

import argparse
import signal
import sys
import threading

import waitress

from lib.metrics import serve_metrics


def argument_parser(description):
    """A parser with the flags that every service has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on; 0 takes a free one")
    parser.add_argument("--threads", type=int, default=4, help="requests handled at once (default: %(default)s)")
    parser.add_argument("--metrics-port", type=int, help="port of /metrics on loopback (default: none)")
    return parser


def _listen(api, host, port, threads):
    server = waitress.create_server(api, host=host, port=port, threads=threads, ident=api.name)
    print(f"{api.name} listening on http://{server.effective_host}:{server.effective_port}", file=sys.stderr)
    sys.stderr.flush()
    return server


def serve(api, host, port, threads=4, metrics_port=None):
    """Serves until SIGTERM or SIGINT."""

    def stop(signum, frame):
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    if metrics_port is not None:
        serve_metrics(api.metrics, metrics_port)
    server = _listen(api, host, port, threads)
    server.run()
    print(f"{api.name} stopped", file=sys.stderr)


def serve_in_background(api, host, port, threads=1):
    """Serves from a thread that ends with the process; gives the port."""
    server = _listen(api, host, port, threads)
    thread = threading.Thread(target=server.run, name="http")
    thread.daemon = True
    thread.start()
    return int(server.effective_port)
