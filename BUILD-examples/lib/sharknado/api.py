"""An API: JSON in and out, /health, /version, /quitquitquit."""

import json
import os
import signal
import sys
import time

import bottle

from lib.metrics import Registry


class HttpError(Exception):
    """An answer that is not 200; `message` goes to the caller."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status
        self.message = message


class Api:
    """A WSGI application. Handlers return what json.dumps takes, or raise HttpError."""

    def __init__(self, name, health=None):
        """`health` is called for each GET of /health; it returns "ok", or what is wrong."""
        self.name = name
        self.metrics = Registry()
        self._requests = self.metrics.counter("http_requests_total", "Requests by status.")
        self._times = self.metrics.histogram("http_request_duration_seconds", "Times from request to answer.")
        self._health = health or (lambda: "ok")
        self._app = bottle.Bottle()
        self._app.default_error_handler = lambda error: self._json(error.status_code, {"error": str(error.body)})
        self._app.get("/health", callback=self._health_handler)
        self._app.get("/version", callback=self._version_handler)
        self._app.post("/quitquitquit", callback=self._quit_handler)

    def get(self, path):
        return self._route("GET", path)

    def post(self, path):
        return self._route("POST", path)

    def __call__(self, environ, start_response):
        began = time.time()

        def counting(status, headers, *rest):
            self._requests.increment(method=environ["REQUEST_METHOD"], code=status.split(" ")[0])
            self._times.observe(time.time() - began)
            return start_response(status, headers, *rest)

        return self._app(environ, counting)

    def version(self):
        """What runs: the commit is set by the job that starts the process."""
        return {
            "service": self.name,
            "commit": os.environ.get("KILT_COMMIT", "unknown"),
            "instance": os.environ.get("INSTANCE", ""),
            "python": ".".join(str(part) for part in sys.version_info[:3]),
        }

    def _route(self, method, path):
        def register(handler):
            def callback(**arguments):
                try:
                    return self._json(200, handler(bottle.request, **arguments))
                except HttpError as error:
                    return self._json(error.status, {"error": error.message})

            self._app.route(path, method=method, callback=callback)
            return handler

        return register

    @staticmethod
    def _json(status, value):
        return bottle.HTTPResponse(
            json.dumps(value, sort_keys=True) + "\n",
            status=status,
            headers={"Content-Type": "application/json"},
        )

    def _health_handler(self):
        state = self._health()
        return bottle.HTTPResponse(state, status=200 if state == "ok" else 503, headers={"Content-Type": "text/plain"})

    def _version_handler(self):
        return self._json(200, self.version())

    @staticmethod
    def _quit_handler():
        os.kill(os.getpid(), signal.SIGTERM)
        return bottle.HTTPResponse("bye\n", headers={"Content-Type": "text/plain"})
