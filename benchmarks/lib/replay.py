"""Rows about replays: how soon the first span comes."""

import json
import statistics
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support import node, paths
from support.process import wait_until

from . import measure
from .table import Row

RUNS = 9


class FirstRequest:
    """A back end over HTTP that notes when something came."""

    def __init__(self):
        self.came = threading.Event()
        self.when = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                now = time.monotonic()
                self.rfile.read(int(self.headers["Content-Length"]))
                if not outer.came.is_set():
                    outer.when = now
                    outer.came.set()
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def first_span(hours):
    """From the start of the command `weir replay` until the back end has the first request."""
    with measure.Scratch() as directory:
        filled = subprocess.run([paths.program("day-log"), "--directory", str(directory / "node" / "data"), "--hours",
                                 str(hours)], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        back_end, admin = FirstRequest(), f"127.0.0.1:{node.free_port()}"
        with node.Node(directory / "node", "127.0.0.1:1", admin={"endpoint": admin},
                       storage={"retention": "48h", "max_bytes": "64GiB"}) as weir:
            exporter = node.flow({"endpoint": back_end.url, "compression": "none"})
            weir.write_text(weir.config_text().replace("exporters: {otlp: ",
                                                       f"exporters: {{otlphttp: {exporter}, otlp: "))
            weir.start()
            times = [_one(admin, back_end, hours * 60 * (run + 1) / (RUNS + 1)) for run in range(RUNS)]
            seen = weir.metric("weir_replay_sent_items_total") / RUNS
    median = statistics.median(times)
    return [Row("first span out after `weir replay` of one minute in a day of data", f"{median * 1000:.0f} ms", "",
                f"{median * 1000:.0f} ms", "<= 100 ms", f"{filled}; {seen:.0f} spans a minute, {RUNS} minutes",
                f"{min(times) * 1000:.0f} to {max(times) * 1000:.0f} ms; the command's own start is in it")]


def _one(admin, back_end, minutes_ago):
    back_end.came.clear()
    begin = time.monotonic()
    subprocess.run([paths.program("weir"), "replay", "--pipeline", "traces", "--from", f"-{minutes_ago:.0f}m", "--to",
                    "+1m", "--exporter", "otlphttp", "--endpoint", admin], stdout=subprocess.DEVNULL, check=True)
    if not back_end.came.wait(30):
        raise RuntimeError("nothing came")

    def done():
        answers = json.loads(subprocess.run(
            [paths.program("weir"), "replay", "list", "--endpoint", admin, "--output", "json"],
            stdout=subprocess.PIPE, text=True, check=True).stdout)["answers"]
        return all(part["state"] == "done" for part in answers[0]["replays"])
    wait_until(done, 60, "the replay to end", every=0.2)
    return back_end.when - begin
