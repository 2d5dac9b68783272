#!/usr/bin/env python3
"""The health_check extension behind TLS and an authenticator, in both of its spellings."""

import json
import pathlib
import subprocess

from support import case, certificates, node, paths
from support.process import Process

PASSWORD = "probe-8Wx"


class HealthTest(case.SystemTest):
    def ask(self, *options, path="/"):
        """(status, headers, body) by curl."""
        done = subprocess.run(
            ["curl", "-s", "-i", "--max-time", "10", "--cacert", self.path("tls/ca.crt"), *options,
             f"https://localhost:{self.port}{path}"], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            return 0, "", ""
        head, _, body = done.stdout.replace("\r", "").partition("\n\n")
        return int(head.split()[1]), head, body

    def run_with(self, extension, options):
        certificates.create(self.path("tls"))
        self.port = node.free_port()
        server = {"endpoint": f"127.0.0.1:{self.port}", "auth": {"authenticator": "basicauth"},
                  "tls": {"cert_file": self.path("tls/server.crt"), "key_file": self.path("tls/server.key")},
                  "response_headers": {"X-Node": "one"}}
        config = {
            "extensions": {"basicauth": {"htpasswd": {"inline": f"probe:{PASSWORD}"}}, extension: options(server)},
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:0"}}}},
            "exporters": {"nop": None},
            "service": {"extensions": ["basicauth", extension], "telemetry": {"metrics": {"level": "none"}},
                        "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["nop"]}}},
            "storage": {"directory": self.path("data")}}
        path = pathlib.Path(self.path("weir.yaml"))
        path.write_text(json.dumps(config), encoding="utf-8")
        weir = Process([paths.program("weir"), "run", "--config", str(path)], name="weir")
        self.addCleanup(weir.kill)
        weir.wait_for_line(lambda line: line.endswith("ready"))

    def check(self, path):
        self.assertEqual(self.ask(path=path)[0], 401)
        self.assertEqual(self.ask("-u", "probe:wrong", path=path)[0], 401)
        status, head, body = self.ask("-u", f"probe:{PASSWORD}", path=path)
        self.assertEqual(status, 200, head)
        self.assertTrue(head.startswith("HTTP/1.1"), head)
        self.assertIn("X-Node: one", head)
        self.assertTrue(json.loads(body))
        plain = subprocess.run(["curl", "-s", "--max-time", "5", f"http://localhost:{self.port}{path}"],
                               stdout=subprocess.PIPE, check=False)
        self.assertNotEqual(plain.returncode, 0)

    def test_version_1(self):
        """Scenario: health_check with tls, auth and response_headers; asked without TLS, without a password, with a
        wrong and with the right one, by a client that offers HTTP/2. Guarantee: only the last sees the page."""
        self.run_with("health_check", lambda server: server)
        self.check("/")
        self.assertEqual(self.ask(path="/ready")[0], 401)

    def test_version_2(self):
        """Scenario: the same in the spelling of healthcheckv2. Guarantee: the same."""
        self.run_with("healthcheckv2", lambda server: {"http": server})
        self.check("/status")


if __name__ == "__main__":
    case.main()
