"""A back end that notes the headers and bodies of what it gets by OTLP/HTTP in JSON."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class BackEnd:
    """Answers 200, or 503 while `away` is set."""

    def __init__(self):
        self.requests = []
        self.away = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not outer.away:
                    outer.requests.append((self.path, self.headers, json.loads(body)))
                self.send_response(503 if outer.away else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def headers(self, path):
        return [headers for at, headers, _ in self.requests if at == path]

    def attributes(self, path):
        """Text attributes of all spans that came on a path, span by span."""
        return [{pair["key"]: pair["value"].get("stringValue") for pair in span.get("attributes", [])}
                for at, _, body in self.requests if at == path for span in spans_of(body)]

    def names(self, path, header):
        """{value of the header: names of the spans that came with it} on a path."""
        found = {}
        for at, headers, body in self.requests:
            if at == path:
                found.setdefault(headers[header], set()).update(span["name"] for span in spans_of(body))
        return found


def spans_of(body):
    return [span for resource in body["resourceSpans"] for scope in resource.get("scopeSpans", [])
            for span in scope.get("spans", [])]
