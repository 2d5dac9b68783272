#!/usr/bin/env python3
"""Every file in examples/ and those of ../shared/seed: valid, and a node with it takes data in and delivers it."""

import json
import pathlib
import re
import subprocess

from support import case, certificates, node, paths, wire
from support.process import Process, wait_until

EXAMPLES = sorted((paths.ROOT / "examples").glob("*.yaml"))
SEED = paths.ROOT.parent / "shared" / "seed"
SIGNALS = {"traces": "resourceSpans", "metrics": "resourceMetrics", "logs": "resourceLogs"}
ANY_PORT = "127.0.0.1:0"
TRACE_ID, SPAN_ID = bytes(range(1, 17)), b"spanspan"
ERROR = wire.field(15, wire.tag(3, wire.VARINT) + wire.varint(2))


def body(signal):
    """A request with one item that every example keeps."""
    if signal == "traces":
        return wire.request(wire.span("example", TRACE_ID, SPAN_ID, tail=ERROR))
    if signal == "logs":
        record = wire.fixed64(1, 10**18) + wire.field(5, wire.field(1, "example"))
        return wire.field(1, wire.field(2, wire.field(2, record)))
    point = wire.fixed64(3, 10**18) + wire.tag(6, wire.FIXED64) + (1).to_bytes(8, "little")
    metric = wire.field(1, "example") + wire.field(5, wire.field(1, point))
    return wire.field(1, wire.field(2, wire.field(2, metric)))


class BackEnd:
    """A node that writes what it gets into a file: OTLP over gRPC and HTTP for all signals."""

    def __init__(self, directory):
        self.path = pathlib.Path(directory) / "arrived.jsonl"
        config = pathlib.Path(directory) / "back-end.yaml"
        config.write_text(f"""
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: {ANY_PORT}}}, http: {{endpoint: {ANY_PORT}}}}}}}}}
exporters:
  file/traces: {{path: {self.path}.traces}}
  file/metrics: {{path: {self.path}.metrics}}
  file/logs: {{path: {self.path}.logs}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [file/traces]}}
    metrics: {{receivers: [otlp], exporters: [file/metrics]}}
    logs: {{receivers: [otlp], exporters: [file/logs]}}
storage: {{directory: {directory}/back-end}}
""", encoding="utf-8")
        self.process = Process([paths.program("weir"), "run", "--config", config], name="back end")
        self.process.wait_for_line(lambda line: line.endswith("ready"), 30)
        self.grpc, self.http = listening(self.process)

    def has(self, signal):
        path = pathlib.Path(f"{self.path}.{signal}")
        return path.exists() and SIGNALS[signal] in path.read_text(encoding="utf-8")


def listening(process):
    return [match.group(1) for line in process.lines
            if (match := re.search(r"listening on (\S+:\d+)", line))]


class Sources:
    """The words of a command line that name a configuration."""

    def __init__(self, *files):
        self.words = [word for file in files for word in ("--config", str(file))]

    def set(self, key, value):
        self.words += ["--set", f"{key}={value}"]
        return self


class ExamplesTest(case.SystemTest):
    def setUp(self):
        super().setUp()
        self.back_end = BackEnd(self.directory)
        self.addCleanup(self.back_end.process.kill)

    def configuration(self, sources, env):
        """What `weir print-config` says of it, as far as this test needs it."""
        done = subprocess.run([paths.program("weir"), "print-config", *sources.words], env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    @staticmethod
    def ids(text, section):
        """The keys one level below a top-level section of a printed configuration."""
        block = re.search(rf"^{section}:\n((?:  .*\n|\n)*)", text, re.M)
        return re.findall(r"^  (\S+):", block.group(1), re.M) if block else []

    @staticmethod
    def pipelines(text):
        """{pipeline: its exporters} of a printed configuration."""
        return {name: [one.strip() for one in exporters.split(",")] for name, exporters in re.findall(
            r"^    ((?:traces|metrics|logs)\S*):\n(?:      .*\n)*?      exporters: \[(.*)\]", text, re.M)}

    def environment(self):
        """What the examples take from outside: directories, certificates, secrets."""
        if not pathlib.Path(self.path("tls")).exists():
            certificates.create(self.path("tls"))
        pathlib.Path(self.path("weir")).mkdir(exist_ok=True)
        pathlib.Path(self.path("secret")).write_text("s3cret\n", encoding="ascii")
        return {"PATH": "/usr/bin:/bin", "WEIR_DIRECTORY": self.path("weir"), "WEIR_ARCHIVE": self.path("archive"),
                "WEIR_TLS": self.path("tls"), "API_KEY_FILE": self.path("secret"), "TOKEN_FILE": self.path("secret"),
                "DECISION_WAIT": "1s"}

    def run_through(self, sources, env):
        """Starts a node with ports and back ends of the test's own, sends one item of each signal that it
        takes, and waits until all have arrived."""
        text = self.configuration(sources, env)
        for receiver in self.ids(text, "receivers"):
            for protocol in ("grpc", "http"):
                if re.search(rf"^  {receiver}:\n    protocols:\n(?:      .*\n)*?      {protocol}:$", text, re.M):
                    sources.set(f"receivers.{receiver}.protocols.{protocol}.endpoint", ANY_PORT)
        for processor in self.ids(text, "processors"):
            if processor.startswith("tail_sampling"):
                sources.set(f"processors.{processor}.decision_wait", "1s")
            if processor.startswith("memory_limiter") and paths.SANITIZED:
                sources.set(f"processors.{processor}.limit_mib", "4096")
        for exporter in self.ids(text, "exporters"):
            self.redirect(exporter, sources, env)
        for extension in self.ids(text, "extensions"):
            if extension.startswith("health_check"):
                sources.set(f"extensions.{extension}.endpoint", ANY_PORT)
            elif extension.startswith("healthcheckv2"):
                sources.set(f"extensions.{extension}.http.endpoint", ANY_PORT)
        sources.set("service.telemetry.metrics.readers", "[{pull: {exporter: {prometheus: {host: 127.0.0.1, "
                                                         "port: 0}}}}]")
        with Process([paths.program("weir"), "run", *sources.words], env=env, name="weir") as one:
            one.wait_for_line(lambda line: re.search(r"\bready\b", line), 30)
            self.send_and_wait(one, self.pipelines(text), text)
            self.assertEqual(one.terminate(), 0, one.tail())

    def redirect(self, exporter, sources, env):
        kind = exporter.split("/")[0]
        if kind in ("otlp", "otlp_grpc"):
            sources.set(f"exporters.{exporter}.endpoint", self.back_end.grpc)
            sources.set(f"exporters.{exporter}.tls", "{insecure: true, cert_file: '', key_file: '', ca_file: ''}")
        elif kind in ("otlphttp", "otlp_http"):
            sources.set(f"exporters.{exporter}.endpoint", f"http://{self.back_end.http}")

    def send_and_wait(self, one, pipelines, text):
        endpoints = listening(one)
        signals = sorted({name.split("/")[0] for name in pipelines})
        self.assertTrue(signals, text)
        for signal in signals:
            answers = [self.post(endpoint, signal) for endpoint in endpoints]
            self.assertIn(200, answers, f"{signal}\n{one.tail()}")
            delivering = [name for name, exporters in pipelines.items()
                          if name.split("/")[0] == signal and any(id.startswith("otlp") for id in exporters)]
            if delivering:
                wait_until(lambda s=signal: self.back_end.has(s), 20, f"{signal} to arrive:\n{one.tail()}")

    def post(self, endpoint, signal):
        """The status of a request by curl, which speaks TLS where the port does."""
        tls = self.path("tls")
        for url in (f"http://{endpoint}", f"https://localhost:{endpoint.rsplit(':', 1)[1]}"):
            command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10",
                       "--cacert", f"{tls}/ca.crt", "--cert", f"{tls}/client.crt", "--key", f"{tls}/client.key",
                       "-H", "Content-Type: application/x-protobuf", "-H", "Authorization: Bearer s3cret",
                       "--data-binary", "@-", f"{url}/v1/{signal}"]
            done = subprocess.run(command, input=body(signal), stdout=subprocess.PIPE, check=False)
            if done.stdout not in (b"000", b"400"):
                return int(done.stdout)
        return 0

    def test_examples(self):
        """Scenario: each example, with its ports and back ends replaced by --set. Guarantee: it has a header
        that says whom it is for, `weir validate` takes it as it is, and what is sent through it arrives."""
        self.assertGreaterEqual(len(EXAMPLES), 12)
        for example in EXAMPLES:
            with self.subTest(example.name):
                self.assertRegex(example.read_text(encoding="utf-8"), r"\A# .*\b(For|machine)\b")
                self.run_through(Sources(example), self.environment())
                self.clean()

    def clean(self):
        subprocess.run(["rm", "-rf", self.path("weir"), self.path("archive")], check=True)
        for signal in SIGNALS:
            path = pathlib.Path(f"{self.back_end.path}.{signal}")
            if path.exists():
                with open(path, "r+b") as file:
                    file.truncate()

    def test_examples_name_every_option_rightly(self):
        """Scenario: the examples with strict spelling. Guarantee: only the one that is about old shapes is
        refused, and it loads when it is printed in today's."""
        for example in EXAMPLES:
            with self.subTest(example.name):
                command = [paths.program("weir"), "validate", "--strict-config", "--config"]
                done = subprocess.run([*command, example], env=self.environment(), text=True, check=False,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
                if not example.name.startswith("collector-"):
                    self.assertEqual(done.returncode, 0, done.stdout)
                    continue
                self.assertEqual(done.returncode, 1, done.stdout)
                modern = pathlib.Path(self.path("modern.yaml"))
                modern.write_text(self.configuration(Sources(example), self.environment()), encoding="utf-8")
                subprocess.run([*command, modern], env=self.environment(), check=True, timeout=30,
                               stdout=subprocess.DEVNULL)

    def test_files_of_the_seed(self):
        """Scenario: the Collector files of the seed that need nothing but this node: host names, ports and
        certificates replaced, a pipeline where there is none. Guarantee: as for the examples."""
        if not SEED.exists():
            raise paths.Missing(f"{SEED} is not there")
        more = pathlib.Path(self.path("pipeline.yaml"))
        tls = self.path("tls")
        env = self.environment()
        server = {"cert_file": f"{tls}/server.crt", "key_file": f"{tls}/server.key"}
        more.write_text(json.dumps({
            "receivers": {"otlp": {"protocols": {
                "grpc": {"tls": {**server, "client_ca_file": f"{tls}/ca.crt"}}, "http": {"tls": server}}}},
            "exporters": {"otlp": {"endpoint": "replaced:4317"}},
            "service": {"pipelines": {"traces": {"receivers": ["otlp"], "processors": ["resource", "span"],
                                                 "exporters": ["otlp"]}}}}), encoding="utf-8")
        self.run_through(Sources(SEED / "security-enhanced.yaml", more), env)


if __name__ == "__main__":
    case.main()
