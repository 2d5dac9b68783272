#!/usr/bin/env python3
"""Back ends on their bad days, all at once, against the real program: each beside one that is well."""

import json
import pathlib
import socket
import ssl
import struct
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support import case, certificates, node, paths, wire
from support.back_end import spans_of
from support.process import Process, wait_until

SPANS = 300


class BackEnd:
    """Notes the spans that it takes; what else it does is `mishap(handler, names)`: True where that was all."""

    def __init__(self, mishap=None, tls=None):
        self.mishap = mishap
        self.taken = []
        self.requests = []
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                outer.requests.append(time.monotonic())
                mishap = outer.mishap
                if mishap is reset_half_way:
                    return mishap(self)
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                names = [span["name"] for span in spans_of(body)]
                if mishap and mishap(self, names):
                    return
                with outer.lock:
                    outer.taken += names
                self.reply(200, b"{}")

            def reply(self, status, text, **headers):
                self.send_response(status)
                for key, value in headers.items():
                    self.send_header(key.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.context = None
        if tls:
            self.use(tls)
        self.url = f"http{'s' if tls else ''}://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def use(self, directory):
        """A certificate from now on."""
        if not self.context:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True,
                                                          do_handshake_on_connect=False)
        self.context.load_cert_chain(directory / "server.crt", directory / "server.key")


def silence(handler, _):
    time.sleep(30)
    return True


def html(handler, _):
    handler.reply(502, b"<html><h1>Bad Gateway</h1></html>", Content_Type="text/html")
    return True


def html_and_ok(handler, _):
    handler.reply(503, b"<html>maintenance</html>", Content_Type="text/html", Retry_After="1")
    return True


def reset_half_way(handler):
    handler.rfile.read(int(handler.headers["Content-Length"]) // 2)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def slow(handler, _):
    time.sleep(3)
    return False


def too_many(handler, _):
    handler.reply(429, b"slow down", Retry_After="2")
    return True


def one_of_many(handler, names):
    if "span-7" not in names:
        return False
    handler.reply(400, b"span-7 has a bad field")
    return True


def too_large(handler, names):
    if len(names) <= 20:
        return False
    handler.reply(413, b"at most twenty")
    return True


def expired(directory):
    """A certificate that was good until yesterday, beside the authority's good one."""
    directory = certificates.create(directory)
    old = directory / "old"
    old.mkdir()
    subprocess.run(["openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                    "-CAcreateserial", "-out", "old/server.crt", "-days", "-1", "-extfile", "names"],
                   cwd=directory, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (old / "server.key").write_bytes((directory / "server.key").read_bytes())
    return directory


class BadBackEndsTest(case.SystemTest):
    def start(self, back_ends, options=None):
        self.endpoint = f"127.0.0.1:{node.free_port()}"
        self.metrics_port = node.free_port()
        exporters = {f"otlphttp/{name}": {
            "endpoint": back_end.url, "compression": "none", "encoding": "json", "timeout": "1s",
            "retry_on_failure": {"initial_interval": "100ms", "max_interval": "300ms"},
            "sending_queue": {"batch": {"flush_timeout": "10ms", "min_size": 1, "max_size": 50}},
            **(options or {}).get(name, {})} for name, back_end in back_ends.items()}
        reader = {"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": self.metrics_port}}}}
        config = {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": self.endpoint}}}},
            "exporters": exporters,
            "service": {"telemetry": {"metrics": {"readers": [reader]}},
                        "pipelines": {"traces": {"receivers": ["otlp"], "exporters": list(exporters)}}},
            "storage": {"directory": self.path("data")}}
        path = pathlib.Path(self.path("weir.yaml"))
        path.write_text(json.dumps(config), encoding="utf-8")
        process = Process([paths.program("weir"), "run", "--config", str(path)], name="weir")
        self.addCleanup(process.kill)
        process.wait_for_line(lambda line: line.endswith("ready"), 60)
        return process

    def send(self, first, last):
        """Clients are answered at once, whatever the back ends do."""
        for number in range(first, last):
            began = time.monotonic()
            span = wire.span(f"span-{number}", number.to_bytes(16, "big"))
            self.assertEqual(wire.post(self.endpoint, wire.request(span)).status, 200)
            self.slowest_answer = max(self.slowest_answer, time.monotonic() - began)
        return {f"span-{number}" for number in range(first, last)}

    def dead_letters(self):
        return node.read_metrics(self.metrics_port).get('weir_dead_letters{pipeline="traces"}', 0)

    def test_all_bad_days_at_once(self):
        """Scenario: one back end is well; beside it, one answers nothing, one answers HTML, one resets half way, one
        takes 3 s, one answers 429 and asks for 2 s, one says 400 to one request, one 413 to all above twenty spans,
        one's name is not known, one's certificate has expired. Then all but the name are well.
        Guarantee: clients and the one that is well notice nothing. Retry-After is obeyed. In the end each has every
        span, but for the one that was refused, which is one dead letter; who takes 3 s got nothing twice."""
        self.slowest_answer = 0
        authority = expired(self.path("certificates"))
        back_ends = {"well": BackEnd(), "silent": BackEnd(silence), "html": BackEnd(html),
                     "maintained": BackEnd(html_and_ok), "resetting": BackEnd(reset_half_way), "slow": BackEnd(slow),
                     "throttling": BackEnd(too_many), "picky": BackEnd(one_of_many), "small": BackEnd(too_large),
                     "expired": BackEnd(tls=authority / "old"), "nameless": BackEnd()}
        back_ends["nameless"].url = "http://weir-back-end.invalid:4318"
        one = {"sending_queue": {"batch": {"flush_timeout": "10ms", "min_size": 1, "max_size": 1}}}
        options = {"slow": {"timeout": "60s"}, "picky": one,
                   "expired": {"tls": {"ca_file": str(authority / "ca.crt")}}}
        weir = self.start(back_ends, options)
        sent = self.send(1, SPANS)
        wait_until(lambda: sent <= set(back_ends["well"].taken), 30, "the one that is well")
        # Nobody else is well yet; each is tried.
        for name in ("silent", "html", "maintained", "resetting", "throttling"):
            wait_until(lambda n=name: len(back_ends[n].requests) >= 3, 30, f"{name} to be tried again")
            self.assertFalse(back_ends[name].taken, name)
        weir.wait_for_line(lambda line: "otlphttp/nameless" in line and "wait" in line, 30)
        weir.wait_for_line(lambda line: "otlphttp/expired" in line and "certificate" in line, 30)
        self.assertFalse(back_ends["expired"].taken)
        tries = back_ends["throttling"].requests
        # Those of the first moment were under way together.
        rounds = [time for i, time in enumerate(tries) if i == 0 or time - tries[i - 1] > 0.5]
        self.assertGreaterEqual(len(rounds), 2, tries)
        self.assertTrue(all(b - a > 1.9 for a, b in zip(rounds, rounds[1:])), rounds)
        sent |= self.send(SPANS, SPANS + 20)
        wait_until(lambda: sent <= set(back_ends["well"].taken), 10, "the one that is well, again")
        self.assertLess(self.slowest_answer, 5)
        for name in ("silent", "html", "maintained", "resetting", "throttling"):
            back_ends[name].mishap = None
        back_ends["expired"].use(authority)
        for name, back_end in back_ends.items():
            if name == "nameless":
                continue
            owed = sent - {"span-7"} if name == "picky" else sent
            wait_until(lambda: owed <= set(back_end.taken), 90, f"everything at the one that was {name}")
        wait_until(lambda: self.dead_letters() == 1, 30, "the dead letter to be counted")
        self.assertNotIn("span-7", back_ends["picky"].taken)
        for name in ("well", "slow", "picky", "small"):
            self.assertEqual(len(back_ends[name].taken), len(set(back_ends[name].taken)), name)
        weir.kill()


if __name__ == "__main__":
    case.main()
