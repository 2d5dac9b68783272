#!/usr/bin/env python3
"""Authenticators from file to socket: who may send, what exporters show, and that no secret is said anywhere."""

import base64
import json
import pathlib
import subprocess
import urllib.error
import urllib.request

from support import case, node, paths, telemetry
from support.back_end import BackEnd
from support.process import Process, wait_until

PASSWORD, TOKEN, SENT_TOKEN, HEADER, CLIENT_PASSWORD = (
    "pass-word-7Hq", "token-9Zk", "outgoing-5Rt", "header-2Lm", "client-3Wd")


class AuthTest(case.SystemTest):
    def write_config(self, back_end):
        passwords = pathlib.Path(self.path("users"))
        passwords.write_text(f"ann:{PASSWORD}\n", encoding="utf-8")
        self.tokens = pathlib.Path(self.path("tokens"))
        self.tokens.write_text(f"{SENT_TOKEN}\n", encoding="utf-8")
        self.basic, self.bearer = f"127.0.0.1:{node.free_port()}", f"127.0.0.1:{node.free_port()}"
        exporters = {"otlphttp/bearer": "bearertokenauth/client", "otlphttp/basic": "basicauth/client",
                     "otlphttp/headers": "headers_setter"}
        config = {
            "extensions": {
                "basicauth/server": {"htpasswd": {"file": str(passwords)}},
                "bearertokenauth/server": {"tokens": ["other", TOKEN]},
                "bearertokenauth/client": {"filename": str(self.tokens)},
                "basicauth/client": {"client_auth": {"username": "weir", "password": CLIENT_PASSWORD}},
                "headers_setter": {"headers": [{"key": "X-Tenant", "value": HEADER}]}},
            "receivers": {
                "otlp/basic": {"protocols": {"http": {
                    "endpoint": self.basic, "include_metadata": True, "auth": {"authenticator": "basicauth/server"},
                    "cors": {"allowed_origins": ["https://*.example"], "allowed_headers": ["X-Mine"], "max_age": 7}}}},
                "otlp/bearer": {"protocols": {"http": {
                    "endpoint": self.bearer, "auth": {"authenticator": "bearertokenauth/server"}}}}},
            "processors": {"attributes": {"actions": [
                {"key": "seen.user", "action": "upsert", "from_context": "auth.username"},
                {"key": "seen.tenant", "action": "upsert", "from_context": "metadata.X-Tenant"},
                {"key": "seen.client", "action": "upsert", "from_context": "client.address"}]}},
            "exporters": {id: {"endpoint": f"{back_end.url}/{id.split('/')[1]}", "compression": "none",
                               "encoding": "json", "auth": {"authenticator": auth}}
                          for id, auth in exporters.items()},
            "service": {
                "extensions": ["basicauth/server", "bearertokenauth/server", "bearertokenauth/client",
                               "basicauth/client", "headers_setter"],
                "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "debug"}},
                "pipelines": {"traces": {"receivers": ["otlp/basic", "otlp/bearer"], "processors": ["attributes"],
                                         "exporters": list(exporters)}}},
            "storage": {"directory": self.path("data")}}
        path = pathlib.Path(self.path("weir.yaml"))
        path.write_text(json.dumps(config), encoding="utf-8")
        return path

    @staticmethod
    def ask(endpoint, credentials=None, method="POST", more=None):
        """(status, headers, body)"""
        headers = {"Content-Type": "application/json", **(more or {})}
        if credentials:
            headers["Authorization"] = credentials
        body = json.dumps(telemetry.traces()).encode() if method == "POST" else None
        request = urllib.request.Request(f"http://{endpoint}/v1/traces", body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers, refused.read().decode()

    def test_secrets_stay_secret(self):
        """Scenario: receivers with users and with tokens, exporters with each authenticator; right, wrong and no
        credentials, a browser, a token file that changes; print-config of the same file. A processor takes the user, a
        header and the address of the client over.
        Guarantee: 401 with a challenge or 200; the back end sees each exporter's credentials, the new token within
        seconds; no secret stands in an answer, in a log line at level debug, in print-config or on the disk."""
        back_end = BackEnd()
        config = self.write_config(back_end)
        right = f"Basic {base64.b64encode(f'ann:{PASSWORD}'.encode()).decode()}"
        wrong = f"Basic {base64.b64encode(f'bob:{PASSWORD}'.encode()).decode()}"
        said = []
        with Process([paths.program("weir"), "run", "--config", str(config)], name="weir") as weir:
            weir.wait_for_line(lambda line: line.endswith("ready"))
            for endpoint, credentials, scheme in [
                    (self.basic, None, "Basic"), (self.basic, wrong, "Basic"), (self.basic, f"Bearer {TOKEN}", "Basic"),
                    (self.bearer, None, "Bearer"), (self.bearer, right, "Bearer"), (self.bearer, f"Bearer {TOKEN}x", "Bearer")]:
                status, headers, body = self.ask(endpoint, credentials)
                self.assertEqual(status, 401, credentials)
                self.assertTrue(headers["WWW-Authenticate"].startswith(scheme))
                said += [body, str(headers)]
            self.assertEqual(back_end.requests, [])
            tenants = {"X-Tenant": "blue", "X-Secret": SENT_TOKEN}
            self.assertEqual(self.ask(self.basic, right, more=tenants)[0], 200)
            self.check_context(back_end)
            self.assertEqual(self.ask(self.bearer, f"Bearer {TOKEN}")[0], 200)
            self.check_browser()
            self.check_back_end(back_end)
            self.assertEqual(weir.terminate(), 0, weir.tail())
            said += weir.lines
        for options in ([], ["--reference"]):
            done = subprocess.run([paths.program("weir"), "print-config", *options, "--config", str(config)],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            said.append(done.stdout)
        everything = "\n".join(said)
        for secret in (PASSWORD, TOKEN, SENT_TOKEN, HEADER, CLIENT_PASSWORD):
            self.assertNotIn(secret, everything)
            self.assertNotIn(base64.b64encode(secret.encode()).decode().rstrip("="), everything)
            for file in pathlib.Path(self.path("data")).rglob("*"):
                self.assertFalse(file.is_file() and secret.encode() in file.read_bytes(), file)

    def check_browser(self):
        origin = {"Origin": "https://a.example"}
        status, headers, _ = self.ask(self.basic, None, "OPTIONS", {
            **origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-mine, content-type"})
        self.assertEqual((status, headers["Access-Control-Max-Age"]), (204, "7"))
        self.assertEqual(headers["Access-Control-Allow-Origin"], "https://a.example")
        status, headers, _ = self.ask(self.basic, None, "POST", origin)
        self.assertEqual((status, headers["Access-Control-Allow-Origin"]), (401, "https://a.example"))
        _, headers, _ = self.ask(self.basic, None, "POST", {"Origin": "https://a.example.evil"})
        self.assertIsNone(headers["Access-Control-Allow-Origin"])

    def check_context(self, back_end):
        """User, header and address of the client became attributes."""
        spans = wait_until(lambda: back_end.attributes("/basic/v1/traces"), 20, "the first request")
        for span in spans:
            self.assertEqual([span.get(f"seen.{key}") for key in ("user", "tenant", "client")],
                             ["ann", "blue", "127.0.0.1"])

    def check_back_end(self, back_end):
        def one(exporter):
            found = back_end.headers(f"/{exporter}/v1/traces")
            return found[0] if found else None
        for exporter in ("bearer", "basic", "headers"):
            wait_until(lambda: one(exporter), 20, f"the exporter {exporter}")
        self.assertEqual(one("bearer")["Authorization"], f"Bearer {SENT_TOKEN}")
        basic = base64.b64encode(f"weir:{CLIENT_PASSWORD}".encode()).decode()
        self.assertEqual(one("basic")["Authorization"], f"Basic {basic}")
        self.assertEqual(one("headers")["X-Tenant"], HEADER)
        self.assertEqual(one("headers")["Content-Type"], "application/json")
        self.tokens.write_text("a-new-one\n", encoding="utf-8")

        def new_token():
            self.ask(self.bearer, f"Bearer {TOKEN}")
            return any(headers["Authorization"] == "Bearer a-new-one"
                       for headers in back_end.headers("/bearer/v1/traces"))
        wait_until(new_token, 20, "the new token", every=0.2)


if __name__ == "__main__":
    case.main()
