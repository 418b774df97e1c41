"""GET /metrics on a port of its own, apart from the port that callers have."""

import http.server
import threading


def serve_metrics(registry, port, host="127.0.0.1"):
    """Serves from a thread that ends with the process; gives the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path.partition("?")[0] == "/metrics"
            body = registry.text().encode() if found else b"see /metrics\n"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="metrics")
    thread.daemon = True
    thread.start()
    return server.server_address[1]
