#!/usr/bin/env python3
"""What comes over the network and is wrong, against a real node: each row of docs/bad-input.md that names this
file. Whatever it is, the answer is as stated there, memory stays within the bound stated there, and spans sent
before and after arrive."""

import contextlib
import gzip
import itertools
import random
import re

from support import bad_input, case, wire
from support.wire import field, request, span, varint

JSON = "application/json"
TRACE = b"0123456789abcdef"
SPAN_PATH = r"resource_spans\[0\]\.scope_spans\[0\]\.spans\[0\]"
JSON_PATH = r"resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[0\]"
REPEATS = 4  # of each bad input, so that what is not given back shows
DEEP = 10_000


def with_tail(tail):
    """A request whose span ends in these bytes, and the offset at which they stand."""
    message = request(span("bad", TRACE, tail=tail))
    return message, len(message) - len(tail)


def nested(levels):
    """An attribute whose value is a list in a list in a list."""
    value = field(1, "x")
    inner, heads = len(value), []
    for _ in range(2 * levels):
        heads.append(wire.tag(1 if len(heads) % 2 == 0 else 5, wire.BYTES) + varint(inner))
        inner += len(heads[-1])
    return field(9, field(1, "k") + field(2, b"".join(reversed(heads)) + value))


def json_span(more="", name="json", trace_id="5b8efff798038103d269b633813fc60c"):
    return (f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{trace_id}",'
            f'"spanId":"eee19b7ec3c1b174","name":"{name}"{more}}}]}}]}}]}}').encode()


def zstd_zeros(size):
    """A frame of so many zero bytes, by hand: blocks of 128 KiB that repeat one byte (RFC 8878)."""
    block = 1 << 17
    head = (block << 3 | 1 << 1).to_bytes(3, "little")
    last = (block << 3 | 1 << 1 | 1).to_bytes(3, "little")
    window_of_128_kib = bytes([7 << 3])
    return b"\x28\xb5\x2f\xfd\x00" + window_of_128_kib + (head + b"\0") * (size // block - 1) + last + b"\0"


class BadInput(bad_input.BadInputTest):
    FILE = __file__

    def setUp(self):
        super().setUp()
        self.numbers = itertools.count()
        self.node = bad_input.FileNode(self.path("node"))
        self.addCleanup(self.node.kill)
        self.node.start()
        self.good = [self.send_good()]
        self.idle = self.node.resident_from_now()

    def tearDown(self):
        if not self.node.process.running():
            self.fail(f"the node ended:\n{self.node.process.tail()}")
        peak = self.node.process.peak_memory_bytes() - self.idle
        self.good.append(self.send_good())
        self.node.wait_for(self.good)
        self.assertEqual(self.node.health("/ready"), 200)
        self.assert_within_bound(peak)

    def send_good(self):
        """Sends a span of its own trace; its name."""
        number = next(self.numbers)
        name = f"good {number}"
        answer = self.node.post(request(span(name, b"good" + number.to_bytes(12, "big"))))
        self.assertEqual((answer.status, answer.body), (200, b""), answer)
        return name

    def refused(self, body, status, text, **options):
        """Sends it several times: always this answer, whose text matches as a whole."""
        for _ in range(REPEATS):
            answer = self.node.post(body, **options)
            self.assertIsNotNone(answer)
            self.assertEqual(answer.status, status, answer)
            if options.get("method") != "HEAD":
                self.assertRegex(answer.text, re.compile(f"^(?:{text})$", re.DOTALL))

    def taken(self, body, rejected=0, **options):
        for _ in range(REPEATS):
            answer = self.node.post(body, **options)
            self.assertEqual(answer.status, 200, answer)
            if options.get("content") != JSON:
                self.assertEqual(answer.rejected[0], rejected, answer.rejected)
        return answer

    # -- protobuf --

    def test_truncated_protobuf(self):
        """Scenario: a request that is cut at each of its bytes but where a whole one ends.
        Guarantee: 400 with the byte and the path of the outermost field that is cut."""
        whole = request(span("cut", TRACE, tail=wire.attribute("key", "value")))
        for size in range(1, len(whole)):
            answer = self.node.post(whole[:size])
            self.assertEqual(answer.status, 400, answer)
            self.assertRegex(answer.text, r"^at byte 0, resource_spans\[0\]: (length \d+|field 1: a length) runs past the end")

    def test_overlong_protobuf(self):
        """Scenario: a field that is longer than its message; bytes behind the end; a body over the limit.
        Guarantee: 400 with byte and path; 413."""
        body, at = with_tail(b"\x2a\x28xy")
        self.refused(body, 400, rf"at byte {at}, {SPAN_PATH}\.name: length 40 runs past the end .*2 bytes left.*")
        good = request(span("good", TRACE))
        self.refused(good + b"\x0a", 400, rf"at byte {len(good)}, resource_spans\[1\]: field 1: a length runs past .*")
        limit = self.node.MAX_BODY
        self.refused(good + bytes(limit), 413, f"the request is larger than {limit} bytes")

    def test_wrong_wire_types(self):
        """Scenario: known fields with another wire type, and wire types that do not exist.
        Guarantee: 400 that names the field and what was found."""
        for tail, name, text in ((b"\x38\x01", "start_time_unix_nano", r"field 7: wire type 0 \(varint\).*"),
                                 (b"\x28\x01", "name", r"field 5: wire type 0 \(varint\).*"),
                                 (b"\x16", "span_id", "field 2: wire type 6 does not exist"),
                                 (b"\x17", "span_id", "field 2: wire type 7 does not exist")):
            body, at = with_tail(tail)
            self.refused(body, 400, rf"at byte {at}, {SPAN_PATH}\.{name}: {text}")

    def test_long_varints(self):
        """Scenario: a varint of 10 bytes, as a negative number has; one of 11; one that does not end.
        Guarantee: the first is taken; 400 with byte and path."""
        self.taken(with_tail(b"\x30" + b"\xff" * 9 + b"\x01")[0])
        for tail in (b"\x30" + b"\xff" * 10 + b"\x01", b"\x30" + b"\x80"):
            body, at = with_tail(tail)
            self.refused(body, 400, rf"at byte {at}, {SPAN_PATH}\.kind: field 6: a varint runs past the end or .*")

    def test_deep_nesting(self):
        """Scenario: attribute values nested 40, 60, 10,000 and 100,000 deep.
        Guarantee: 40 are taken; 400 with byte and path, which has no more levels than the limit."""
        self.taken(with_tail(nested(40))[0])
        for levels in (60, DEEP, 10 * DEEP):
            self.refused(with_tail(nested(levels))[0], 400,
                         rf"at byte \d+, {SPAN_PATH}\.attributes\[0\]\.value(\.array_value\.values\[0\]){{1,50}}"
                         r"(\.array_value)?: messages are nested deeper than the limit")

    def test_groups(self):
        """Scenario: a group begins or ends, as a known field, as an unknown one, 100,000 in each other.
        Guarantee: 400 with byte, path and field."""
        for tail, name, text in ((b"\x13", r"\.span_id", r"field 2: start of a group \(wire type 3\).*"),
                                 (b"\x14", r"\.span_id", r"field 2: end of a group \(wire type 4\).*"),
                                 (b"\xf3\x03\x08\x01\xf4\x03", "", r"field 62: start of a group .*"),
                                 (b"\xf3\x03" * 10 * DEEP, "", r"field 62: start of a group .*")):
            body, at = with_tail(tail)
            self.refused(body, 400, f"at byte {at}, {SPAN_PATH}{name}: {text} OTLP has no groups")

    def test_lengths_of_0_and_4_gib(self):
        """Scenario: an empty body, empty messages; lengths of 4 GiB - 1, 4 GiB and 2^64 - 1, in protobuf, in
        Content-Length and in a chunk.
        Guarantee: empty is taken; 400 with byte and path, 413 before a byte of the body; none is allocated."""
        self.taken(b"")
        self.taken(field(1, b""))
        self.taken(field(1, field(2, field(5, b""))))
        for length in ((4 << 30) - 1, 4 << 30, (1 << 64) - 1):
            body, at = with_tail(b"\x2a" + varint(length))
            self.refused(body, 400, rf"at byte {at}, {SPAN_PATH}\.name: length {length} runs past the end .*")
        for length in ((4 << 30) - 1, 4 << 30):
            self.assert_said(wire.head(length), 413, "the request is larger than .*")
        chunk = wire.head(None, headers=["Transfer-Encoding: chunked"]) + b"100000000\r\n"
        self.assert_said(chunk + bytes(self.node.MAX_BODY + 1), 413, "the request is larger than .*")

    def assert_said(self, data, status, text):
        """Says it on a connection of its own, and no more; the answer comes all the same."""
        with wire.Connection(self.node.http) as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.send(data)
            answer = connection.answer()
        self.assertIsNotNone(answer)
        self.assertEqual(answer.status, status, answer)
        self.assertRegex(answer.text.strip(), f"^(?:{text})$")

    def test_random_bytes(self):
        """Scenario: 200 bodies of random bytes, as protobuf, as JSON and as gzip.
        Guarantee: 400 with the byte, or with what the decoder found."""
        chance = random.Random(7)
        for number in range(200):
            body = b"\x07" + chance.randbytes(chance.randrange(2000))  # wire type 7: never right
            options = ({}, {"content": JSON}, {"headers": ["Content-Encoding: gzip"]})[number % 3]
            answer = self.node.post(body, **options)
            self.assertEqual(answer.status, 400, answer)
            self.assertRegex(answer.text, r"^(at byte \d+|gzip: )")

    # -- packed bodies --

    def test_gzip_bombs(self):
        """Scenario: 64 MiB of zeros in one gzip member, 300 MiB in many; gzip in gzip.
        Guarantee: 413 at the limit; the inner one is not unpacked: 400."""
        zeros = gzip.compress(bytes(64 << 20), 9)
        members = gzip.compress(bytes(1 << 20), 9) * 300
        too_large = f"the request is larger than {self.node.MAX_BODY} bytes"
        for content in ("application/x-protobuf", JSON):
            for body in (zeros, members):
                self.refused(body, 413, too_large, content=content, headers=["Content-Encoding: gzip"])
        self.refused(gzip.compress(zeros, 9), 400, "at byte 0: field 3: wire type 7 does not exist",
                     headers=["Content-Encoding: gzip"])

    def test_zstd_bombs(self):
        """Scenario: a zstd frame of 10 GiB of zeros; one that asks for a window of 2 GiB.
        Guarantee: 413 at the limit; 400."""
        self.refused(zstd_zeros(10 << 30), 413, f"the request is larger than {self.node.MAX_BODY} bytes",
                     headers=["Content-Encoding: zstd"])
        huge_window = b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]) + b"\x01\x00\x00"
        self.refused(huge_window, 400, "zstd: .+", headers=["Content-Encoding: zstd"])

    def test_wrong_encodings(self):
        """Scenario: an encoding that is unknown, given twice, not what the body is; a body cut short.
        Guarantee: 400 that names it."""
        packed = gzip.compress(request(span("packed", TRACE)))
        for body, encoding, text in ((b"x", "br", "unsupported Content-Encoding: br"),
                                     (packed, "gzip, gzip", "unsupported Content-Encoding: gzip, gzip"),
                                     (b"plain", "gzip", "gzip: incorrect header check"),
                                     (packed[:-4], "gzip", "gzip: cut short"),
                                     (packed, "zstd", "zstd: .+"), (packed, "deflate", "zlib: .+")):
            self.refused(body, 400, text, headers=[f"Content-Encoding: {encoding}"])

    # -- JSON --

    def test_deep_json(self):
        """Scenario: JSON 10,000 deep: as the document, in a field that OTLP does not have, in attribute values.
        Guarantee: where OTLP has nothing it is skipped; else 400 with byte and path."""
        array, object_ = b"[" * DEEP + b"]" * DEEP, b'{"a":' * DEEP + b"1" + b"}" * DEEP
        self.refused(array, 400, "at byte 0: .+", content=JSON)
        self.taken(object_, content=JSON)
        self.taken(json_span(',"extra":' + array.decode()), content=JSON)
        values = '{"arrayValue":{"values":[' * DEEP + '{"stringValue":"x"}' + "]}}" * DEEP
        self.refused(json_span(f',"attributes":[{{"key":"k","value":{values}}}]'), 400,
                     rf"at byte \d+, {JSON_PATH}\.attributes\[0\]\.value(\.arrayValue\.values\[0\])+"
                     r"(\.arrayValue)?: .+", content=JSON)

    def test_duplicate_json_keys(self):
        """Scenario: a key of a span and the outermost key given twice.
        Guarantee: taken; the last text counts, lists are put together."""
        self.taken(json_span(',"name":"the last"', name="the first"), content=JSON)
        twice = json_span(name="of the first list")[:-1] + b"," + json_span(name="of the last list")[1:]
        self.taken(twice, content=JSON)
        self.node.wait_for(["the last"])
        self.node.wait_for(["of the first list", "of the last list"])
        for pipeline in self.node.PIPELINES:
            self.assertNotIn("the first", self.node.spans(pipeline))

    def test_huge_json_numbers(self):
        """Scenario: 2^64, 1e400, a number of 100,000 digits, an integer over 64 bits in a text.
        Guarantee: 400 with byte and path; skipped in a field that OTLP does not have."""
        def key(name, value):
            return json_span(f',"{name}":{value}')
        for number in ("18446744073709551616", "1e400", "9" * 100_000, '"99999999999999999999999"'):
            self.refused(key("startTimeUnixNano", number), 400,
                         rf"at byte 1\d\d, {JSON_PATH}\.startTimeUnixNano: expected .+", content=JSON)
        for name, number in (("intValue", '"9223372036854775808"'), ("doubleValue", "1e999")):
            self.refused(key("attributes", f'[{{"key":"k","value":{{"{name}":{number}}}}}]'), 400,
                         rf"at byte 1\d\d, {JSON_PATH}\.attributes\[0\]\.value\.{name}: .+", content=JSON)
        self.taken(key("extra", "1e999"), content=JSON)

    def test_broken_json(self):
        """Scenario: JSON that is cut, empty, no JSON, not UTF-8; ids that are not hexadecimal.
        Guarantee: 400 with the byte, and the path where there is one."""
        cut = json_span()[:-3]
        for body, at in ((cut, len(cut)), (b"", 0), (b"hello", 0), (b'{"a":"\xff"}', 6)):
            self.refused(body, 400, f"at byte {at}: .+", content=JSON)
        self.refused(json_span(trace_id="z" * 32), 400,
                     rf"at byte 54, {JSON_PATH}\.traceId: expected pairs of hexadecimal digits", content=JSON)

    # -- HTTP --

    def test_wrong_content_type(self):
        """Scenario: types that are not OTLP's. Guarantee: 415 that names those that are."""
        for content in ("text/plain", "application/grpc", "application/x-www-form-urlencoded", ""):
            self.refused(request(span("x", TRACE)), 415,
                         r"415 unsupported media type, supported: \[application/json, "
                         r"application/x-protobuf\]\n", content=content)

    def test_wrong_method(self):
        """Scenario: methods that are not POST. Guarantee: 405 that names POST."""
        for method in ("GET", "PUT", "DELETE", "HEAD", "OPTIONS"):
            self.refused(b"", 405, r"405 method not allowed, supported: \[POST\]\n", method=method)

    def test_wrong_path(self):
        """Scenario: paths that nobody serves, a signal that no pipeline takes, a path of 100 KB.
        Guarantee: 404; 431."""
        for path in ("/", "/v1/trace", "/v1/traces/", "/v1/metrics", "*"):
            self.refused(b"", 404, "404 page not found\n", path=path)
        self.refused(b"", 431, "malformed request: header limit exceeded\n", path="/" + "a" * 100_000)

    def test_malformed_http(self):
        """Scenario: no HTTP, TLS on a plain port, a wrong version, lengths that cannot be or differ.
        Guarantee: 400 that says what, and the end of the connection."""
        for data, text in ((b"hello\r\n\r\n", "bad method"), (b"\x16\x03\x01\x02\x00\x01\x00", "bad method"),
                           (b"GET / HTTP/9.9\r\n\r\n", "bad version"),
                           (wire.head(-1), "bad Content-Length"), (wire.head("x"), "bad Content-Length"),
                           (wire.head(5, headers=["Content-Length: 6"]), "multiple Content-Length"),
                           (wire.head(5, headers=["Transfer-Encoding: chunked"]), "bad Content-Length")):
            for _ in range(REPEATS):
                self.assert_said(data, 400, f"malformed request: {text}")

    def test_unknown_transfer_codings(self):
        """Scenario: a body in a transfer coding other than chunked, with and without a length.
        Guarantee: 501, and the end of the connection; nothing of it is taken."""
        body = gzip.compress(request(span("packed", TRACE)))
        for coding in ("gzip", "gzip, chunked", "identity"):
            head = wire.head(len(body), headers=[f"Transfer-Encoding: {coding}"])
            status = 400 if coding.endswith("chunked") else 501  # with a length: malformed before all else
            self.assert_said(head + body, status, "malformed request: bad Content-Length" if status == 400 else
                             "of the transfer codings only chunked is taken")
            head = wire.head(None, headers=[f"Transfer-Encoding: {coding}"])
            self.assert_said(head, 501, "of the transfer codings only chunked is taken")

    def test_slow_bodies(self):
        """Scenario: 20 clients whose head or body stops half way and who hold the connection.
        Guarantee: 408 after the timeout of the configuration, and the end of the connection."""
        beginnings = (wire.head(100) + b"half", wire.head(100)[:-2], b"POST",
                      wire.head(None, headers=["Transfer-Encoding: chunked"]) + b"a\r\nhalf")
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(wire.Connection(self.node.http)) for _ in range(20)]
            for client, beginning in zip(clients, itertools.cycle(beginnings)):
                client.send(beginning)
            for client in clients:
                answer = client.answer()
                self.assertEqual((answer.status, answer.text), (408, "the request came too slowly\n"))
                self.assertIsNone(client.answer())

    def test_half_open_connections(self):
        """Scenario: 100 clients on each port that connect and say nothing; 10 that stop listening half way.
        Guarantee: closed after the handshake's timeout, the others at once."""
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(wire.Connection(endpoint))
                      for endpoint in (self.node.http, self.node.grpc) for _ in range(100)]
            for _ in range(10):
                gone = stack.enter_context(wire.Connection(self.node.http))
                gone.send(wire.head(100) + b"half")
                gone.end_of_input()
                self.assertIsNone(gone.answer())
            for client in silent:
                # Where only HTTP/2 is spoken, the node's SETTINGS come first.
                self.assertRegex(client.rest(), rb"(?s)^(\x00\x00.\x04\x00\x00\x00\x00\x00.*)?$")

    # -- spans --

    def test_zero_and_short_ids(self):
        """Scenario: a span whose trace id or span id is absent, short, long or all zeros, beside a good one.
        Guarantee: 200; partial success counts the bad one and says why; the good one arrives; the metric of
        refused spans counts them."""
        refused = self.node.metric("otelcol_receiver_refused_spans")
        trace_ids, span_ids = (b"", b"abc", b"a" * 17, bytes(16)), (b"", b"abc", bytes(8))
        bad_spans = [("trace", span("bad id", bad)) for bad in trace_ids]
        bad_spans += [("span", span("bad id", TRACE, bad)) for bad in span_ids]
        for number, (which, bad) in enumerate(bad_spans):
            name = f"beside {number}"
            answer = self.taken(request(bad, span(name, b"beside" + bytes([number] * 10))), rejected=1)
            self.assertEqual(answer.rejected[1], f"1 span rejected: 1 without a valid {which} id")
            self.good.append(name)
        for trace_id in ("", "5b8e", "0" * 32):
            answer = self.taken(json_span(trace_id=trace_id, name="bad id"), content=JSON)
            self.assertIn(b'"rejectedSpans":"1"', answer.body)
        self.assertEqual(self.node.metric("otelcol_receiver_refused_spans") - refused, REPEATS * (len(bad_spans) + 3))
        self.node.wait_for(self.good)
        for pipeline in self.node.PIPELINES:
            self.assertNotIn("bad id", self.node.spans(pipeline))

    def test_spans_of_1970_and_2200(self):
        """Scenario: spans of 1970, of 2200, of the largest time there is, and one that ends before it starts.
        Guarantee: taken, and both pipelines hand on the same times."""
        times = {"1970": (0, 1), "2200": (7_258_118_400 * 10**9, 7_258_118_401 * 10**9),
                 "largest": ((1 << 64) - 1, (1 << 64) - 1), "backwards": ((1 << 64) - 1, 0)}
        self.taken(request(*(span(name, name.encode().ljust(16), start=start, end=end)
                             for name, (start, end) in times.items())))
        self.node.wait_for(times)
        for pipeline in self.node.PIPELINES:
            for name, (start, end) in times.items():
                got = self.node.spans(pipeline)[name]
                self.assertEqual((int(got["startTimeUnixNano"]), int(got["endTimeUnixNano"])), (start, end))


if __name__ == "__main__":
    case.main()
