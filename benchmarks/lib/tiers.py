"""Systems of several nodes: a cluster of this project's, and the Collector in two tiers."""

import contextlib

from support import cluster, node, paths
from support.process import Process

from . import targets


class WeirCluster:
    """Nodes that are one cluster; a load comes to all of them."""

    def __init__(self, directory, sink, count=3, **options):
        self.name = f"weir, {count} nodes"
        self.cluster = cluster.Cluster(directory, sink, count, **options)

    def __enter__(self):
        self.cluster.start()
        return self

    def __exit__(self, *_):
        self.cluster.__exit__()

    @property
    def processes(self):
        return [each.process for each in self.cluster.running]

    @property
    def endpoints(self):
        return [each.grpc for each in self.cluster.running]

    @property
    def between(self):
        """Where nodes take from each other."""
        return [each.address for each in self.cluster.members]

    def drained(self):
        self.cluster.wait_at_rest(600)
        return True


class CollectorTiers:
    """The Collector as its documentation wants it for more than one node: a tier that sends each trace to one of a
    second tier, which samples. Both send from queues on disk that are fsynced and make batches.

    batching: a batch processor before these queues, so that they sync seldom.
    compression: between the tiers.
    """

    name = "collectors, 1 + 2"

    def __init__(self, directory, sink, policies, wait="2s", samplers=2, batching=False,
                 compression="none"):
        self.wait_s = float(wait.rstrip("s"))
        self.between = [f"127.0.0.1:{node.free_port()}" for _ in range(samplers)]
        self.endpoints = [f"127.0.0.1:{node.free_port()}"]
        queue = targets.QUEUE | targets.DURABLE
        batch = targets.BATCH if batching else {}
        self._files = {each: targets.collector_file(
            directory / f"sampler-{number}", each, targets.tail_sampling(policies, wait) | batch, "otlp",
            {"endpoint": sink, "tls": {"insecure": True}, "compression": "none", "sending_queue": queue})
            for number, each in enumerate(self.between)}
        self._files[self.endpoints[0]] = targets.collector_file(
            directory / "balancer", self.endpoints[0], batch, "load_balancing",
            {"routing_key": "traceID", "resolver": {"static": {"hostnames": self.between}},
             # The queue that may be on disk is the outer one.
             "protocol": {"otlp": {"tls": {"insecure": True}, "compression": compression,
                                   "sending_queue": {"enabled": False}}},
             "sending_queue": queue, "retry_on_failure": {"enabled": True, "max_elapsed_time": 0}})
        self._stack = contextlib.ExitStack()
        self.processes = []

    def __enter__(self):
        with contextlib.ExitStack() as started:
            for endpoint, file in self._files.items():
                made = started.enter_context(Process([paths.peer("collector"), "--config", file], name="collector"))
                targets.wait_for_port(made, endpoint)
                self.processes.append(made)
            self._stack = started.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def drained(self):
        return targets.computes_no_more(self.processes, self.wait_s + 2)
