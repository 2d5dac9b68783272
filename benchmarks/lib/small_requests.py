"""Rows about the load that most have: 10,000 spans a second in small requests, passed on and tail sampled."""

from . import measure, targets, throughput

RATE = 10_000
SPANS_A_REQUEST = (1, 10, 100)
# So many that nobody waits for an answer before the next request: 400 of one span come in 40 ms.
CONNECTIONS, IN_FLIGHT = 50, 8


def memory_collector(directory, sink):
    return targets.Collector(directory, sink, batching=True)


def durable_collector(directory, sink):
    return targets.Collector(directory, sink, durable=True, batching=True)


def sampling_memory_collector(directory, sink):
    return targets.Collector(directory, sink, policies=targets.POLICIES, batching=True, wait=throughput.WAIT)


def _measured(make, offered):
    figure = measure.measure(make, offered)
    print(f"  {figure.target}: {offered.text()}, {offered.spans_per_request} a request: {figure.per_second:.0f}/s, "
          f"{figure.per_cpu_second:.0f} per CPU-second, peak {figure.peak_memory / 1e6:.0f} MB", flush=True)
    return figure


def _rows(what, weir, peers, seconds):
    rows = []
    for spans in SPANS_A_REQUEST:
        offered = measure.Load(RATE, seconds, CONNECTIONS, IN_FLIGHT, spans)
        ours = _measured(weir, offered)
        for name, peer in peers.items():
            rows.append(throughput.compare(f"{what} at 10 k/s, {spans} {'span' if spans == 1 else 'spans'} a request, "
                                           f"against the Collector with a batch processor and {name}", ">= 4x",
                                           ours, _measured(peer, offered)))
    return rows


def pass_through(seconds):
    """Three sizes of requests beside two peers each."""
    return _rows("durable pass-through", throughput.pass_weir,
                 {"a memory queue": memory_collector, "a persistent fsynced queue": durable_collector}, seconds)


def tail_sampling(seconds):
    """The same with tail sampling on both sides."""
    return _rows("durable tail sampling", throughput.sampling_weir,
                 {"a memory queue": sampling_memory_collector,
                  "a persistent fsynced queue": throughput.batching_collector}, seconds)
