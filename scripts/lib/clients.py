"""Runs every client against a node and prints a line for each way to send (scripts/clients)."""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "system"))
from support import clients, paths  # noqa: E402  (found by the line above)
from support.process import Failed  # noqa: E402

ROW = "{:<8} {:<14} {:<6} {:<6} {:>6} {:>8} {:>5} {:>10}  {}"


def run(language):
    """Its combinations, once sent and compared."""
    client = clients.build(language)
    combinations = clients.matrix(language)
    with tempfile.TemporaryDirectory(prefix="weir-clients-") as directory, clients.Bench(directory) as bench:
        for combination in combinations:
            bench.send(client, combination)
        bench.finish(combinations)
    return combinations


def show(combination):
    print(ROW.format(combination.language, combination.protocol, combination.compression, combination.security,
                     *(combination.count(signal) for signal in clients.SIGNALS), combination.size,
                     "differs" if combination.problems else "same"), flush=True)
    for problem in combination.problems:
        print(f"    {problem}")


def main():
    languages = sys.argv[1:] or list(clients.PROTOCOLS)
    unknown = [language for language in languages if language not in clients.PROTOCOLS]
    if unknown:
        sys.exit(f"clients: unknown: {', '.join(unknown)} ({', '.join(clients.PROTOCOLS)})")
    same, different, skipped = 0, 0, 0
    print(ROW.format("client", "protocol", "packed", "TLS", "spans", "metrics", "logs", "bytes", "arrived"))
    for language in languages:
        try:
            done = run(language)
        except paths.Missing as missing:
            print(f"{language}: skipped: {missing}")
            skipped += 1
            continue
        except Failed as failed:
            print(f"{language}: {failed}")
            different += 1
            continue
        for combination in done:
            show(combination)
        bad = sum(bool(combination.problems) for combination in done)
        same, different = same + len(done) - bad, different + bad
    print(f"{same} ways the same, {different} different, {skipped} clients skipped")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
