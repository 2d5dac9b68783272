#!/usr/bin/env python3
"""What exporters do with odd settings, redirects, proxies and files: nothing that was acknowledged is lost by it."""

import json
import os
import pathlib
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support import case, node, paths
from support.process import Process, wait_until
from support.wire import post, request, span

PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


def environment(**more):
    """This process's own without proxies, and more."""
    plain = {name: value for name, value in os.environ.items() if name.lower() not in PROXY_VARIABLES}
    return plain | more


def weir(*arguments, env=None):
    """Runs a command of weir: (exit code, what it said)."""
    done = subprocess.run([paths.program("weir"), *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60, check=False, env=env or environment())
    return done.returncode, done.stdout


class BackEnd:
    """OTLP/HTTP in one place: notes method, path and headers, and answers by path: {path: (status, headers)}."""

    def __init__(self, answers=None, address="127.0.0.1"):
        self.requests = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((self.path, dict(self.headers.items()), body))
                status, headers = (answers or {}).get(self.path, (200, {}))
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer((address, 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def paths(self):
        return [path for path, _, _ in self.requests]


class Tunnel:
    """A proxy that leads every CONNECT to one place, and notes what it was asked for."""

    def __init__(self, target):
        self.target = target
        self.asked = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = peer.recv(4096)
            if not piece:
                return
            head += piece
        self.asked.append(head.decode())
        host, port = self.target.rsplit(":", 1)
        behind = socket.create_connection((host, int(port)))
        peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=self.pump, args=(behind, peer), daemon=True).start()
        self.pump(peer, behind)

    @staticmethod
    def pump(source, target):
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class SendersTest(case.SystemTest):
    def start_sink(self):
        """Another node, whose port speaks gRPC and whose spans stand in a file: (endpoint, file)."""
        endpoint, out = f"127.0.0.1:{node.free_port()}", self.path("sink.json")
        config = pathlib.Path(self.path("sink.yaml"))
        config.write_text(json.dumps({
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": endpoint}}}},
            "exporters": {"file": {"path": out}},
            "service": {"telemetry": {"metrics": {"level": "none"}},
                        "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["file"]}}},
            "storage": {"directory": self.path("sink"), "max_bytes": "1GiB"}}), encoding="utf-8")
        self.start(config)
        return endpoint, out

    def write(self, exporters, pipelines=None, name="weir.yaml", **more):
        """A configuration: receivers of OTLP/HTTP and gRPC for each pipeline that all take."""
        self.http = getattr(self, "http", None) or f"127.0.0.1:{node.free_port()}"
        self.grpc = getattr(self, "grpc", None) or f"127.0.0.1:{node.free_port()}"
        whole = {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": self.http}, "grpc": {"endpoint": self.grpc}}}},
            "exporters": exporters,
            "service": {"telemetry": {"metrics": {"level": "none"}},
                        "pipelines": {pipeline: {"receivers": ["otlp"], "exporters": list(exporters)}
                                      for pipeline in pipelines or ["traces"]}},
            "storage": {"directory": self.path("data"), "max_bytes": "1GiB"}} | more
        path = pathlib.Path(self.path(name))
        path.write_text(json.dumps(whole), encoding="utf-8")
        return path

    def start(self, config, **env):
        process = Process(["env", "-i", *(f"{key}={value}" for key, value in environment(**env).items()),
                           paths.program("weir"), "run", "--config", config], name="weir")
        self.addCleanup(process.kill)
        process.wait_for_line(lambda line: line.endswith("ready"), 60)
        return process

    def send(self, number, name, signal="traces"):
        answer = post(self.http, request(span(name, number.to_bytes(16, "big"))), path=f"/v1/{signal}")
        self.assertEqual(answer.status, 200, answer)

    def refused(self, config, option, env=None):
        code, text = weir("validate", "--config", config, env=env)
        self.assertNotEqual(code, 0, text)
        self.assertIn(option, text)
        return text

    # -- headers --

    def test_line_ends_in_headers(self):
        """Scenario: a token with a line end, or a name with a blank, in every option that becomes a header.
        Guarantee: an error that names the option, and shows nothing of the value."""
        env = environment(TOKEN="c2VjcmV0\n")
        secret = pathlib.Path(self.path("secret"))
        secret.write_text("c2VjcmV0\nagain\n", encoding="utf-8")
        http, grpc = {"endpoint": "http://127.0.0.1:1"}, {"endpoint": "127.0.0.1:1"}
        for value in ("Bearer ${env:TOKEN}", f"Bearer ${{file:{secret}}}"):
            for kind, exporter in (("otlphttp", http), ("otlp", grpc)):
                text = self.refused(self.write({kind: exporter | {"headers": {"Authorization": value}}}),
                                    f"exporters.{kind}.headers", env)
                self.assertIn("Authorization", text)
                self.assertNotIn("c2VjcmV0", text)
        for kind, exporter in (("otlphttp", http), ("otlp", grpc)):
            self.refused(self.write({kind: exporter | {"headers": {"X Tenant": "a"}}}), f"exporters.{kind}.headers")
        self.refused(self.write({"otlp": grpc | {"headers": {"x-tenant": "größer"}}}), "exporters.otlp.headers")
        extensions = {
            "extensions.bearertokenauth.token": {"bearertokenauth": {"token": "${env:TOKEN}"}},
            "extensions.basicauth.client_auth.password": {"basicauth": {"client_auth": {
                "username": "a", "password": "${env:TOKEN}"}}},
            "extensions.headers_setter.headers[0].value": {"headers_setter": {"headers": [
                {"key": "x", "value": "${env:TOKEN}"}]}}}
        for option, extension in extensions.items():
            config = self.write({"otlphttp": http | {"auth": {"authenticator": next(iter(extension))}}},
                                extensions=extension)
            self.refused(config, option, env)
        answers = {"endpoint": self.http, "response_headers": {"X-Node": "a${env:TOKEN}"}}
        self.refused(self.write({"nop": {}}, receivers={"otlp": {"protocols": {"http": answers}}}),
                     "response_headers", env)

    def test_a_token_file_that_goes_bad(self):
        """Scenario: a token file is written anew with a control character in it while data goes out. Guarantee: the
        last good token stays; once the file is well again its token is sent."""
        token = pathlib.Path(self.path("token"))
        token.write_text("first\n", encoding="utf-8")
        with BackEnd() as back_end:
            config = self.write({"otlphttp": {"endpoint": f"http://127.0.0.1:{back_end.port}",
                                              "auth": {"authenticator": "bearertokenauth"}}},
                                extensions={"bearertokenauth": {"filename": str(token)}})
            text = json.loads(config.read_text(encoding="utf-8"))
            text["service"]["extensions"] = ["bearertokenauth"]
            config.write_text(json.dumps(text), encoding="utf-8")
            weir_process = self.start(config)

            def tokens():
                return [headers.get("Authorization") for _, headers, _ in back_end.requests]
            self.send(1, "one")
            wait_until(lambda: tokens() == ["Bearer first"], 20, "the first request")
            token.write_text("evil\x01token\n", encoding="utf-8")
            number = 2

            def warned():
                nonlocal number
                self.send(number, "more")
                number += 1
                return any("the tokens in use stay" in line for line in weir_process.lines)
            wait_until(warned, 20, "the node to look at the file", every=0.3)
            token.write_text("second\n", encoding="utf-8")

            def renewed():
                nonlocal number
                self.send(number, "more")
                number += 1
                return "Bearer second" in tokens()
            wait_until(renewed, 20, "the second token", every=0.3)
            self.assertEqual(set(tokens()), {"Bearer first", "Bearer second"})

    # -- where requests go --

    def test_redirects(self):
        """Scenario: a back end answers 307 and 308 with places on the same host and on another one. Guarantee: the
        data arrives there by POST; the other host gets no credentials."""
        with BackEnd() as other:
            answers = {"/v1/traces": (307, {"Location": "/second"}),
                       "/second": (308, {"Location": f"http://localhost:{other.port}/third"})}
            with BackEnd(answers) as first:
                config = self.write({"otlphttp": {"endpoint": f"http://127.0.0.1:{first.port}",
                                                  "headers": {"Authorization": "Bearer a"}}})
                self.start(config)
                self.send(1, "one")
                wait_until(lambda: other.requests, 20, "the request at the third place")
                self.assertEqual(first.paths(), ["/v1/traces", "/second"])
                self.assertEqual(first.requests[1][1]["Authorization"], "Bearer a")
                path, headers, body = other.requests[0]
                self.assertEqual(path, "/third")
                self.assertNotIn("Authorization", headers)
                self.assertEqual(body, first.requests[0][2])

    def test_an_endpoint_for_each_signal(self):
        """Scenario: otlphttp with an endpoint for traces alone in a pipeline of metrics. Guarantee: an error at
        start that names the exporter and the option."""
        config = self.write({"otlphttp": {"traces_endpoint": "http://127.0.0.1:1/v1/traces"}}, ["traces", "metrics"])
        self.assertIn("metrics_endpoint", self.refused(config, "exporters.otlphttp"))
        code, text = weir("validate", "--config", self.write(
            {"otlphttp": {"traces_endpoint": "http://127.0.0.1:1/v1/traces"}}))
        self.assertEqual(code, 0, text)

    def test_no_time_limit(self):
        """Scenario: `timeout: 0s` over gRPC and over HTTP. Guarantee: data arrives."""
        endpoint, out = self.start_sink()
        with BackEnd() as back_end:
            self.start(self.write({"otlp": {"endpoint": endpoint, "tls": {"insecure": True}, "timeout": "0s"},
                                   "otlphttp": {"endpoint": f"http://127.0.0.1:{back_end.port}", "timeout": "0s"}}))
            self.send(1, "one")
            wait_until(lambda: back_end.requests, 20, "the span over HTTP")
            wait_until(lambda: self.names(out) == ["one"], 20, "the span over gRPC")

    def test_proxies(self):
        """Scenario: HTTP_PROXY and HTTPS_PROXY in capitals, small NO_PROXY, exporters over HTTP and gRPC to names
        that only the proxies know. Guarantee: HTTP goes to the one, gRPC through CONNECT of the other, what NO_PROXY
        names to neither."""
        endpoint, out = self.start_sink()
        with BackEnd() as proxy, Tunnel(endpoint) as tunnel, BackEnd() as direct:
            config = self.write({
                "otlphttp": {"endpoint": "http://collector.invalid:4318"},
                "otlphttp/direct": {"endpoint": f"http://localhost.localdomain:{direct.port}"},
                "otlp": {"endpoint": "collector.invalid:4317", "tls": {"insecure": True}}})
            hosts = pathlib.Path("/etc/hosts").read_text(encoding="utf-8")
            known = "localhost.localdomain" in hosts
            self.start(config, HTTP_PROXY=f"http://127.0.0.1:{proxy.port}",
                       HTTPS_PROXY=f"http://user:pass@127.0.0.1:{tunnel.port}", no_proxy="*.localdomain, 10.0.0.0/8")
            self.send(1, "one")
            wait_until(lambda: proxy.requests, 20, "the request at the proxy")
            self.assertEqual(proxy.requests[0][0], "http://collector.invalid:4318/v1/traces")
            wait_until(lambda: self.names(out) == ["one"], 20, "the span through the tunnel")
            self.assertTrue(tunnel.asked[0].startswith("CONNECT collector.invalid:4317 HTTP/1.1\r\n"), tunnel.asked)
            self.assertIn("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n", tunnel.asked[0])
            if known:
                wait_until(lambda: direct.requests, 20, "the request that needs no proxy")
            self.assertFalse([path for path in proxy.paths() if "localdomain" in path])

    # -- files --

    @staticmethod
    def names(path):
        """Of the spans in a file, in order."""
        text = pathlib.Path(path).read_text(encoding="utf-8") if pathlib.Path(path).exists() else ""
        return [one["name"] for line in text.splitlines() if line.endswith("}")
                for resource in json.loads(line)["resourceSpans"]
                for scope in resource["scopeSpans"] for one in scope["spans"]]

    def test_one_file_in_several_pipelines(self):
        """Scenario: a `file` exporter in two pipelines, a third that comes by a reload, and rotation that comes and
        changes by reloads. Guarantee: everything stands in the files, once for each pipeline."""
        out = pathlib.Path(self.path("out.json"))
        config = self.write({"file": {"path": str(out)}}, ["traces/a", "traces/b"])
        self.start(config)
        self.send(1, "one")
        wait_until(lambda: self.names(out) == ["one"] * 2, 20, "two records")
        self.write({"file": {"path": str(out)}}, ["traces/a", "traces/b", "traces/c"])
        code, text = weir("reload", "--config", config)
        self.assertEqual(code, 0, text)
        self.send(2, "two")
        wait_until(lambda: self.names(out) == ["one"] * 2 + ["two"] * 3, 20,
                   f"three more, found {self.names(out)}")
        for number, backups in ((3, 5), (4, 7)):
            self.write({"file": {"path": str(out), "rotation": {"max_backups": backups}}},
                       ["traces/a", "traces/b", "traces/c"])
            code, text = weir("reload", "--config", config)
            self.assertEqual(code, 0, text)
            self.send(number, f"number {number}")
            wait_until(lambda: self.names(out)[-3:] == [f"number {number}"] * 3, 20, "three more")
        self.assertEqual(len(self.names(out)), 11)

    def test_a_file_of_another_format(self):
        """Scenario: a file with `append` or rotation whose format changes, at a start and by a reload, and a file of
        somebody else's. Guarantee: an error that names the file; not a byte of it is touched."""
        out = pathlib.Path(self.path("out"))
        config = self.write({"file": {"path": str(out), "append": True}})
        first = self.start(config)
        self.send(1, "one")
        wait_until(lambda: self.names(out) == ["one"], 20, "the record")
        before = out.read_bytes()
        self.write({"file": {"path": str(out), "append": True, "format": "proto"}})
        code, text = weir("reload", "--config", config)
        self.assertNotEqual(code, 0, text)
        self.assertIn(str(out), text)
        self.assertEqual(out.read_bytes(), before)
        first.kill()
        for options in ({"append": True}, {"rotation": {}}):
            for format_of in ({"format": "proto"}, {"compression": "zstd"}):
                config = self.write({"file": {"path": str(out), **options, **format_of}})
                code, text = self.run_to_end(config)
                self.assertNotEqual(code, 0, text)
                self.assertIn(str(out), text)
                self.assertEqual(out.read_bytes(), before)
        out.write_bytes(b"notes of somebody\nwithout a last line end")
        code, text = self.run_to_end(self.write({"file": {"path": str(out), "append": True}}))
        self.assertNotEqual(code, 0, text)
        self.assertEqual(out.read_bytes(), b"notes of somebody\nwithout a last line end")

    @staticmethod
    def run_to_end(config):
        """What a start that must fail comes to."""
        with Process([paths.program("weir"), "run", "--config", config], name="weir") as process:
            try:
                return process.wait(20), process.tail()
            except Exception as late:  # It runs: the test says what is wrong with that.
                return 0, str(late)

    def test_the_quickstart_goes_on(self):
        """Scenario: the example's node is killed and started again. Guarantee: what it had delivered is still in
        its file."""
        directory = pathlib.Path(self.path("quickstart"))
        ports = [node.free_port() for _ in range(4)]
        env = {"WEIR_DIRECTORY": str(directory), "WEIR_GRPC_ENDPOINT": f"127.0.0.1:{ports[0]}",
               "WEIR_HTTP_ENDPOINT": f"127.0.0.1:{ports[1]}", "WEIR_HEALTH_ENDPOINT": f"127.0.0.1:{ports[2]}",
               "WEIR_METRICS_PORT": str(ports[3])}
        self.http = f"127.0.0.1:{ports[1]}"
        config = paths.ROOT / "examples" / "quickstart.yaml"
        directory.mkdir()
        first = self.start(config, **env)
        for number in range(1, 61):  # A tenth of them is kept.
            self.send(number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 127), f"span {number}")
        out = directory / "traces.jsonl"
        wait_until(lambda: out.exists() and out.stat().st_size > 0, 30, "a kept trace in the file")
        before = out.read_bytes()
        first.kill()
        second = self.start(config, **env)
        self.assertEqual(out.read_bytes()[:len(before)], before)
        self.assertEqual(second.terminate(), 0, second.tail())

    # -- clients that wait for the server's first word --

    def test_settings_come_first(self):
        """Scenario: a connection to the gRPC port that says nothing. Guarantee: the server's SETTINGS come at once."""
        self.start(self.write({"nop": {}}))
        host, port = self.grpc.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=5) as silent:
            head = silent.recv(9)
        self.assertEqual((head[3], head[5:9]), (4, b"\0\0\0\0"))  # SETTINGS of the connection


if __name__ == "__main__":
    case.main()
