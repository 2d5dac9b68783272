"""The OpenTelemetry Collector as the other side: the same policies over the same requests."""

import http.client
import json
import pathlib
import time

from support.ports import free_port
from support.process import Process, wait_until


def configuration(endpoint, policies, directory, decision_wait):
    """A file that the Collector and Weir both take: a pipeline for each set of policies."""
    processors = {f"tail_sampling/{name}": {"decision_wait": decision_wait, "policies": chosen, **options}
                  for name, (chosen, options) in policies.items()}
    return {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": endpoint}}}},
        "processors": processors,
        "exporters": {f"file/{name}": {"path": f"{directory}/{name}.json"} for name in policies},
        "service": {
            "pipelines": {f"traces/{name}": {"receivers": ["otlp"], "processors": [f"tail_sampling/{name}"],
                                             "exporters": [f"file/{name}"]} for name in policies},
        },
    }


class Client:
    """Sends requests over one connection."""

    def __init__(self, endpoint):
        self._endpoint = endpoint

    def _connected(self):
        connection = http.client.HTTPConnection(self._endpoint, timeout=60)
        try:
            connection.connect()
        except OSError:
            return None
        return connection

    def send(self, requests, to):
        """Sends (milliseconds since the first, bytes) in order, each not before its time, to a process; how long
        it took, in seconds."""
        connection = wait_until(self._connected, 30, f"{to.name}:\n{to.tail()}")
        begin = time.monotonic()
        for at, body in requests:
            time.sleep(max(0.0, begin + at / 1000 - time.monotonic()))
            connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise AssertionError(f"{to.name} answered {answer.status}: {text}")
        connection.close()
        return time.monotonic() - begin


class Collector:
    """A running Collector; stop() makes it decide what is left."""

    def __init__(self, program, config, directory, gates=()):
        pathlib.Path(directory).mkdir()
        config = json.loads(json.dumps(config))
        config["service"]["telemetry"] = {"metrics": {"level": "none"}, "logs": {"level": "info"}}
        path = pathlib.Path(directory) / "collector.yaml"
        path.write_text(json.dumps(config))
        self._client = Client(config["receivers"]["otlp"]["protocols"]["http"]["endpoint"])
        features = [f"--feature-gates={','.join(gates)}"] if gates else []
        self._process = Process([program, "--config", str(path), *features], name="collector")

    def __enter__(self):
        self._process.__enter__()
        # It listens before that, but ends by SIGTERM as if it knew none, with nothing written.
        self._process.says("Everything is ready", 120)
        return self

    def __exit__(self, *details):
        self._process.__exit__(*details)

    def send(self, requests):
        return self._client.send(requests, self._process)

    def stop(self):
        code = self._process.terminate(240)
        if code != 0:
            raise AssertionError(f"the Collector ended with {code}:\n{self._process.tail()}")


def kept(path):
    """Spans by trace id, of a file that the file exporter wrote."""
    spans = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            for resource in json.loads(line).get("resourceSpans", []):
                for scope in resource.get("scopeSpans", []):
                    for span in scope.get("spans", []):
                        spans[span["traceId"]] = spans.get(span["traceId"], 0) + 1
    return spans
