"""A queue worker: igor_worker --queue send_email --job workers.igor.jobs.send_email:SendEmail"""

import argparse
import importlib
import json
import logging
import signal
import sys
import threading

from lib.sharknado import Api, serve_in_background
from workers.igor.queue import Queue

log = logging.getLogger("igor")


def load_job(name):
    """The job class MODULE:CLASS."""
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise SystemExit(f"igor: no job {name!r}: {error}")


class Worker:
    def __init__(self, queue, job, poll_seconds=0.5):
        self.queue = queue
        self.job = job
        self.processed = 0
        self._poll_seconds = poll_seconds
        self._stop = threading.Event()

    def stop(self, *_):
        self._stop.set()

    def run_one(self):
        """Works on one message; False when there was none."""
        message = self.queue.take()
        if message is None:
            return False
        try:
            result = self.job.run(message.body)
        except Exception as error:
            log.exception("message %d failed, attempt %d", message.id, message.attempts)
            self.queue.failed(message, f"{type(error).__name__}: {error}")
        else:
            log.info("message %d: %s", message.id, json.dumps(result, sort_keys=True))
            self.queue.done(message)
        self.processed += 1
        return True

    def run(self):
        """Works until stop(); a message begun is finished first."""
        while not self._stop.is_set():
            if not self.run_one():
                self._stop.wait(self._poll_seconds)


def make_api(worker):
    api = Api("igor")

    @api.get("/status")
    def status(request):
        return dict(worker.queue.counts(), queue=worker.queue.name, processed=worker.processed)

    return api


def main():
    parser = argparse.ArgumentParser(description="igor, a queue worker")
    parser.add_argument("--queue", required=True, help="the queue to take messages from")
    parser.add_argument("--job", required=True, metavar="MODULE:CLASS", help="the class that does the work")
    parser.add_argument("--database", default="igor.sqlite3", metavar="FILE", help="where the queues are kept")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="given to the job class")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, help="serve /health and /status here")
    arguments = parser.parse_args()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    options = dict(option.partition("=")[::2] for option in arguments.option)
    worker = Worker(Queue(arguments.database, arguments.queue), load_job(arguments.job)(**options))
    signal.signal(signal.SIGTERM, worker.stop)
    signal.signal(signal.SIGINT, worker.stop)
    if arguments.port is not None:
        serve_in_background(make_api(worker), arguments.host, arguments.port)
    log.info("working on %s with %s", arguments.queue, arguments.job)
    worker.run()
    log.info("stopped after %d messages", worker.processed)


if __name__ == "__main__":
    main()
