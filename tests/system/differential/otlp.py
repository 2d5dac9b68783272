"""OTLP trace messages, written and read field by field: just enough for the tests of this folder."""

import struct


def _varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _bytes(field, content):
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _number(field, value):
    return _varint(field << 3) + _varint(value & 0xFFFF_FFFF_FFFF_FFFF)


def _any_value(value):
    if isinstance(value, str):
        return _bytes(1, value.encode())
    if isinstance(value, bool):
        return _number(2, int(value))
    if isinstance(value, int):
        return _number(3, value)
    if isinstance(value, float):
        return _varint(4 << 3 | 1) + struct.pack("<d", value)
    return _bytes(5, b"".join(_bytes(1, _any_value(item)) for item in value))


def attributes(field, pairs):
    """`pairs`: a list of (key, value); a key may stand twice."""
    return b"".join(_bytes(field, _bytes(1, key.encode()) + _bytes(2, _any_value(value)))
                    for key, value in pairs)


def span(trace_id, span_id, start, end, parent=b"", on_span=(), status=0, trace_state="", flags=0):
    """The body of a Span message."""
    body = _bytes(1, trace_id) + _bytes(2, span_id)
    if trace_state:
        body += _bytes(3, trace_state.encode())
    if parent:
        body += _bytes(4, parent)
    body += _bytes(5, b"work") + _varint(7 << 3 | 1) + struct.pack("<Q", start)
    body += _varint(8 << 3 | 1) + struct.pack("<Q", end) + attributes(9, on_span)
    if status:
        body += _bytes(15, _number(3, status))
    if flags:
        body += _varint(16 << 3 | 5) + struct.pack("<I", flags)
    return body


def resource_spans(on_resource, spans, on_scope=()):
    """One ResourceSpans with one scope, as a field of a TracesData message."""
    scope = _bytes(1, _bytes(1, b"tests") + attributes(3, on_scope))
    scope_spans = _bytes(2, scope + b"".join(_bytes(2, body) for body in spans))
    return _bytes(1, _bytes(1, attributes(1, on_resource)) + scope_spans)


def _fields(message):
    at = 0
    while at < len(message):
        tag, at = _take_varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = _take_varint(message, at)
        elif kind == 1:
            value, at = struct.unpack_from("<Q", message, at)[0], at + 8
        elif kind == 5:
            value, at = struct.unpack_from("<I", message, at)[0], at + 4
        else:
            length, at = _take_varint(message, at)
            value, at = message[at:at + length], at + length
        yield tag >> 3, value


def _take_varint(message, at):
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def times(message):
    """(trace id in hex, start, end) of each span, in the order of the message."""
    for number, resource in _fields(message):
        for inner, scope in _fields(resource) if number == 1 else ():
            for innermost, body in _fields(scope) if inner == 2 else ():
                if innermost == 2:
                    fields = dict(_fields(body))
                    yield fields[1].hex(), fields.get(7, 0), fields.get(8, 0)
