"""The clients of tests/clients against a node, in every way their SDKs can send; what each wrote down compared with
what an independent decoder read behind the node (tests/clients/README.md)."""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import subprocess
from dataclasses import dataclass, field

from . import certificates, node, paths
from .process import Failed, Process, wait_until
from .tap import Tap

HOME = paths.ROOT / "tests" / "clients"
ALL = ("grpc", "http/protobuf", "http/json")
PROTOCOLS = {"python": ALL, "node": ALL, "go": ALL, "rust": ALL, "java": ALL[:2]}  # what the SDKs offer
SPANS_ONLY = {("go", "http/json")}
COMPRESSIONS = ("none", "gzip")
SECURITY = ("plain", "TLS", "mTLS")
SIGNALS = ("span", "metric", "log")
CLIENT_SECONDS = 60
BUILD_SECONDS = 500


def client_environment():
    """Without what changes an SDK's settings or the certificates that it trusts."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith("OTEL_") and "CA_BUNDLE" not in name and not name.startswith("SSL_CERT")
            and not name.lower().endswith("_proxy")}


def build(language):
    """The client's program, built where it is not there yet; paths.Missing where it cannot be."""
    source = HOME / language
    cache = pathlib.Path(os.environ.get("WEIR_CACHE", pathlib.Path.home() / ".cache" / "weir"))
    digest = hashlib.sha256(str(source).encode())
    for file in sorted(path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        digest.update(str(file.relative_to(source)).encode() + file.read_bytes())
    directory = cache / "clients" / language
    directory.mkdir(parents=True, exist_ok=True)
    done = directory / "built"
    with open(directory / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists() or done.read_text(encoding="ascii") != digest.hexdigest():
            done.unlink(missing_ok=True)
            run_build(language, source, directory)
            done.write_text(digest.hexdigest(), encoding="ascii")
    return directory / "client"


def run_build(language, source, directory):
    try:
        ended = subprocess.run([source / "build", directory], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, timeout=BUILD_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise paths.Missing(f"the {language} client was not built in {BUILD_SECONDS} s") from None
    if ended.returncode == 77:
        raise paths.Missing(ended.stdout.strip().splitlines()[-1])
    if ended.returncode != 0:
        raise Failed(f"building the {language} client:\n{ended.stdout[-4000:]}")


@dataclass
class Combination:
    """One way to send, and what came of it."""

    language: str
    protocol: str
    compression: str
    security: str
    sent: list = field(default_factory=list)
    got: list = field(default_factory=list)
    size: int = 0
    problems: list = field(default_factory=list)

    @property
    def name(self):
        return f"{self.language} {self.protocol} {self.compression} {self.security}"

    @property
    def signals(self):
        return SIGNALS[:1] if (self.language, self.protocol) in SPANS_ONLY else SIGNALS

    def count(self, signal):
        return sum(item["signal"] == signal for item in self.sent)


def matrix(language):
    return [Combination(language, protocol, compression, security)
            for protocol in PROTOCOLS[language] for compression in COMPRESSIONS for security in SECURITY]


class Bench:
    """A node with a receiver for each kind of security, and the decoder behind it."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.arrived = self.directory / "arrived"
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.certificates = certificates.create(self.directory / "certificates")
            self.decoder = stack.enter_context(Process(
                [paths.peer("client-python"), HOME / "decoder.py", self.arrived], name="decoder"))
            port = self.decoder.wait_for_line(lambda line: line.startswith("port ")).removeprefix("port ")
            config = self.directory / "weir.yaml"
            config.write_text(json.dumps(self.configuration(f"127.0.0.1:{port}")), encoding="utf-8")
            self.weir = stack.enter_context(Process([paths.program("weir"), "run", "--config", config], name="weir"))
            self.weir.wait_for_line(lambda line: line.endswith("ready"), 30)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def configuration(self, sink):
        own = {"cert_file": str(self.certificates / "server.crt"), "key_file": str(self.certificates / "server.key")}
        tls = {"plain": {}, "TLS": {"tls": own},
               "mTLS": {"tls": {**own, "client_ca_file": str(self.certificates / "ca.crt")}}}
        self.endpoints = {(security, protocol): f"127.0.0.1:{node.free_port()}"
                          for security in SECURITY for protocol in ("grpc", "http")}
        receivers = {f"otlp/{security}": {"protocols": {
            protocol: {"endpoint": self.endpoints[security, protocol], **tls[security]}
            for protocol in ("grpc", "http")}} for security in SECURITY}
        return {
            "receivers": receivers,
            "exporters": {"otlp": {"endpoint": sink, "tls": {"insecure": True}, "sending_queue": {
                "batch": {"flush_timeout": "20ms"}}}},
            "service": {"telemetry": {"metrics": {"level": "none"}},
                        "pipelines": {signal: {"receivers": list(receivers), "exporters": ["otlp"]}
                                      for signal in ("traces", "metrics", "logs")}},
            "storage": {"directory": str(self.directory / "data")}}

    def send(self, client, combination):
        """Runs a client, and looks at whether it sent the way it was told to."""
        tls = {"plain": [], "TLS": ["ca.crt"], "mTLS": ["ca.crt", "client.crt", "client.key"]}[combination.security]
        scheme = "https" if tls else "http"
        facts = self.directory / "facts"
        facts.unlink(missing_ok=True)
        with Tap(self.endpoints[combination.security, combination.protocol.split("/")[0]]) as tap:
            try:
                ended = subprocess.run(
                    [client, combination.protocol, f"{scheme}://{tap.endpoint}", combination.compression, facts,
                     combination.name, *(self.certificates / name for name in tls)], stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, text=True, errors="replace", timeout=CLIENT_SECONDS,
                    env=client_environment(), check=False)
            except subprocess.TimeoutExpired:
                combination.problems.append(f"the client did not end in {CLIENT_SECONDS} s")
                return
            combination.size = tap.size()
            if ended.returncode != 0:
                combination.problems.append(f"the client ended with {ended.returncode}: {ended.stdout[-1500:]}")
                return
            self.check_way(tap, combination)
        combination.sent = [json.loads(line) for line in facts.read_text(encoding="utf-8").splitlines()]

    @staticmethod
    def check_way(tap, combination):
        if tap.encrypted() != (combination.security != "plain"):
            combination.problems.append("TLS where there should be none, or the other way round")
        if combination.security == "plain":
            if tap.packed() != (combination.compression == "gzip"):
                combination.problems.append("gzip where there should be none, or the other way round")
            kind = {"grpc": b"PRI * HTTP/2", "http/json": b"application/json"}.get(
                combination.protocol, b"application/x-protobuf")
            if not tap.says(kind):
                combination.problems.append(f"sent without {kind.decode()}")

    def finish(self, combinations):
        """Waits for everything, ends the node, and compares."""
        expected = sum(len(combination.sent) for combination in combinations)
        with contextlib.suppress(Failed):  # What is missing is told by the comparison.
            wait_until(lambda: len(self.lines()) >= expected, 20, "everything to arrive", every=0.1)
        ended = self.weir.terminate()
        self.decoder.command("end")
        self.decoder.wait(20)
        by_run = {}
        for line in self.lines():
            item = json.loads(line)
            by_run.setdefault(item["resource"].get("test.run", {}).get("string"), []).append(item)
        for combination in combinations:
            combination.got = by_run.pop(combination.name, [])
            combination.problems += compare(combination.sent, combination.got, combination.signals)
            if ended != 0:
                combination.problems.append(f"the node ended with {ended}: {self.weir.tail()}")
        if by_run and combinations:
            combinations[0].problems.append(f"items of no known sender: {list(by_run)}")

    def lines(self):
        return self.arrived.read_text(encoding="utf-8").splitlines()


VALUES = ("attributes", "resource", "body")  # Kept as they are: what is empty in them has been sent.


def plain(facts):
    """Facts without what has its default; whole numbers as numbers, so that 1 is 1.0 but no text."""
    if isinstance(facts, list):
        return [plain(item) for item in facts]
    if not isinstance(facts, dict):
        return facts
    kept = {key: item if key in VALUES else plain(item) for key, item in facts.items()}
    return {key: item for key, item in kept.items()
            if key in ("value", "min", "max", "sum") or item not in (None, "", "0", 0, False, [], {})}


def identity(item):
    """What tells an item from others of its signal."""
    if item["signal"] == "span":
        return item["span_id"]
    if item["signal"] == "metric":
        return json.dumps([item["name"], item.get("scope")], sort_keys=True)
    return json.dumps([item.get("event"), item.get("body"), item.get("time"), item.get("observed")])


def ordered(item):
    """Points in an order of their own: an SDK may number them differently each time."""
    if item["signal"] == "metric":
        item["points"] = sorted(item["points"], key=lambda point: json.dumps(point.get("attributes"), sort_keys=True))
    return item


def differences(sent, got, path=""):
    if isinstance(sent, dict) and isinstance(got, dict):
        for key in sorted(sent.keys() | got.keys()):
            if key not in sent or key not in got:
                yield f"{path}.{key}: sent {sent.get(key, 'nothing')!r}, got {got.get(key, 'nothing')!r}"
            else:
                yield from differences(sent[key], got[key], f"{path}.{key}")
    elif isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        for number, pair in enumerate(zip(sent, got)):
            yield from differences(*pair, f"{path}[{number}]")
    elif sent != got or isinstance(sent, bool) != isinstance(got, bool):
        yield f"{path}: sent {sent!r}, got {got!r}"


def compare(sent, got, signals=SIGNALS):
    """What differs, in words: at most 20 lines. Of each signal there has to be something."""
    problems = []
    for signal in SIGNALS:
        mine = sorted((ordered(plain(item)) for item in sent if item["signal"] == signal), key=identity)
        theirs = sorted((ordered(plain(item)) for item in got if item["signal"] == signal), key=identity)
        if len(mine) != len(theirs) or bool(mine) != (signal in signals):
            problems.append(f"{len(mine)} {signal}s sent, {len(theirs)} arrived")
            continue
        for one, other in zip(mine, theirs):
            if signal == "span" and "flags" not in one:
                other.pop("flags", None)
            problems += differences(one, other, f"{signal} {one.get('name') or identity(one)}")
    return problems[:20]
