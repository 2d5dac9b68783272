#!/usr/bin/env python3
"""Headers of clients that exporters send on (`include_metadata`, `headers_setter` with `from_context`)."""

import json
import pathlib

from support import case, node, paths, wire
from support.back_end import BackEnd
from support.process import Process, wait_until

PATHS = ("/sampled/v1/traces", "/passed/v1/traces")
TENANTS = ("blue", "green", None)


class CarriedTest(case.SystemTest):
    def write_config(self, back_end):
        self.endpoint = f"127.0.0.1:{node.free_port()}"
        setter = {"headers": [{"key": "X-Scope-OrgID", "from_context": "X-Tenant", "default_value": "nobody"}]}
        exporters = {f"otlphttp/{name}": {
            "endpoint": f"{back_end.url}/{name}", "compression": "none", "encoding": "json",
            "auth": {"authenticator": "headers_setter"}, "retry_on_failure": {"initial_interval": "100ms"}}
            for name in ("sampled", "passed")}
        config = {
            "extensions": {"headers_setter": setter},
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": self.endpoint, "include_metadata": True}}}},
            "processors": {
                # What processors let through of attributes does not touch it.
                "redaction": {"allowed_keys": ["none"]},
                "batch": {"timeout": "50ms", "metadata_keys": ["X-Tenant"]},
                "tail_sampling": {"decision_wait": "100ms", "policies": [{"name": "all", "type": "always_sample"}]}},
            "exporters": {**exporters, "file": {"path": self.path("copy.pb"), "format": "proto"}},
            "service": {
                "extensions": ["headers_setter"], "telemetry": {"metrics": {"level": "none"}},
                "pipelines": {
                    "traces/sampled": {"receivers": ["otlp"], "processors": ["redaction", "tail_sampling", "redaction"],
                                       "exporters": ["otlphttp/sampled", "file"]},
                    "traces/passed": {"receivers": ["otlp"], "processors": ["redaction", "batch"],
                                      "exporters": ["otlphttp/passed"]}}},
            "storage": {"directory": self.path("data")}}
        config["processors"]["redaction/behind"] = config["processors"]["redaction"]
        config["service"]["pipelines"]["traces/sampled"]["processors"][2] = "redaction/behind"
        path = pathlib.Path(self.path("weir.yaml"))
        path.write_text(json.dumps(config), encoding="utf-8")
        return path

    def start(self, config):
        process = Process([paths.program("weir"), "run", "--config", str(config)], name="weir")
        self.addCleanup(process.kill)
        process.wait_for_line(lambda line: line.endswith("ready"))
        return process

    def send(self, first):
        """Traces of the clients in turn, a request each."""
        sent = {}
        for number in range(first, first + 12):
            tenant = TENANTS[number % len(TENANTS)]
            headers = [f"X-Tenant: {tenant}"] if tenant else []
            body = wire.request(*[wire.span(f"{number}-{i}", number.to_bytes(16, "big"), bytes([i + 1] * 8))
                                  for i in range(3)])
            self.assertEqual(wire.post(self.endpoint, body, headers=headers).status, 200)
            sent.setdefault(tenant or "nobody", set()).update(f"{number}-{i}" for i in range(3))
        return sent

    def test_headers_reach_the_back_end(self):
        """Scenario: clients of two tenants, and one that names none, in turn, through a pipeline that samples and
        one that does not; the back end is away, the node is killed and starts again.
        Guarantee: each span arrives with the header of its client, none with another's, and what carried it there
        is in no output."""
        back_end = BackEnd()
        back_end.away = True
        config = self.write_config(back_end)
        weir = self.start(config)
        sent = self.send(1)
        weir.kill()
        self.start(config)
        for tenant, names in self.send(101).items():
            sent[tenant] |= names
        back_end.away = False
        for path in PATHS:
            wait_until(lambda p=path: sum(map(len, back_end.names(p, "X-Scope-OrgID").values())) == 72, 30, path)
            self.assertEqual(back_end.names(path, "X-Scope-OrgID"), sent, path)
        copy = pathlib.Path(self.path("copy.pb"))
        wait_until(lambda: copy.read_bytes().count(b"101-0") == 1, 20, "the file")
        self.assertNotIn(b"blue", copy.read_bytes())
        self.assertNotIn("blue", json.dumps([body for _, _, body in back_end.requests]))


if __name__ == "__main__":
    case.main()
