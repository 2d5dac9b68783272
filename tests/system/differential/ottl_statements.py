"""Conditions and statements that are compared with the Collector's, by signal and context, and twins that
are off by a little, which the comparison has to catch."""

SPAN_CONDITIONS = [
    'attributes["s"] == "text"', 'attributes["s"] != "text"', 'attributes["s"] < "m"', 'attributes["i"] == 42',
    'attributes["i"] > 10.5', 'attributes["d"] <= 2', 'attributes["b"] == true', 'attributes["x"] == nil',
    'attributes["bytes"] == 0x0102', 'attributes["m"] == {"k": "v", "n": 1}', 'attributes["l"] == [1, "two"]',
    'attributes["m"]["k"] == "v"', 'attributes["l"][0] == 1', 'attributes["l"][5] == 1',
    'attributes["m"]["none"]["k"] == nil', 'attributes[attributes["s"]] == nil',
    'not (attributes["i"] == 42 or attributes["b"] == true)', 'name == "GET /cart" and not IsRootSpan()',
    'IsMatch(name, "^(GET|PUT) /[a-z]+$")', 'IsMatch(attributes["i"], "2$")', 'IsMatch(attributes["l"], "two")',
    'IsMatch(attributes["x"], ".*")', 'HasPrefix(name, "GET")', 'HasSuffix(attributes["s"], "t")',
    'kind == SPAN_KIND_SERVER', 'kind.string == "Client"', 'status.code == STATUS_CODE_ERROR',
    'status.message != ""', 'end_time_unix_nano - start_time_unix_nano > 200000000',
    'end_time - start_time >= Duration("300ms")', 'Seconds(end_time - start_time) < 0.1',
    'resource.attributes["service.name"] == "shop"', 'instrumentation_scope.name == "lib"',
    'trace_state["a"] == "1"', 'trace_state == "a=1,b=2"', 'Len(attributes) > 3', 'Len(name) == 9',
    'Len(events) > 1', 'IsString(attributes["s"])', 'IsMap(attributes["m"])', 'IsInt(attributes["i"])',
    'Int(attributes["n"]) > 20', 'Double(attributes["n"]) > 20.5', 'String(attributes["d"]) == "2.5"',
    'Concat([name, attributes["s"], attributes["i"]], "|") == "GET /cart|text|42"',
    'Split(name, " ")[0] == "PUT"', 'Substring(name, 0, 3) == "GET"', 'ToUpperCase(attributes["s"]) == "TEXT"',
    'ParseJSON(attributes["json"])["a"] == 1.0', 'ParseJSON(attributes["json"])["l"][1] == true',
    'ExtractPatterns(name, "^(?P<verb>[A-Z]+) ")["verb"] == "GET"', 'trace_id.string < "8"',
    'attributes["i"] + 1 == 43', 'attributes["i"] / 2 == 21', '-attributes["i"] < -10', '1 + 2 * 3 == 7',
    'attributes["d"] / 0 == 1', 'attributes["s"] + 1 == 2', 'SHA256(attributes["s"]) != ""',
    'FNV(name) > 0', 'Hex(attributes["i"]) == "000000000000002a"', 'flags == 1',
    'ContainsValue(attributes["l"], "two")', 'Trim(attributes["pad"]) == "x"', 'dropped_attributes_count > 0',
    'Coalesce([attributes["x"], attributes["s"]]) == "text"', 'parent_span_id == SpanID(0x0000000000000000)',
]

EVENT_CONDITIONS = ['name == "e1"', 'event_index == 0', 'attributes["i"] == 42 and span.kind == 2',
                    'time_unix_nano > span.start_time_unix_nano']

SPAN_STATEMENTS = [
    'set(attributes["new"], "v")', 'set(attributes["s"], 5)', 'set(attributes["copy"], attributes["m"])',
    'set(attributes["copy"], attributes["x"])', 'set(attributes["m"]["k"], [1, 2])',
    'set(attributes["made"]["a"]["b"], 1)', 'set(attributes["l"][0], "first")', 'set(name, attributes["s"])',
    'set(name, Concat([name, kind.string], "-")) where IsMatch(name, "^GET")',
    'set(kind, SPAN_KIND_PRODUCER)', 'set(kind.string, "Consumer")', 'set(status.code, STATUS_CODE_OK)',
    'set(status.message, "set")', 'set(trace_state, "z=9")', 'set(trace_state["a"], "7")',
    'set(start_time_unix_nano, 17)', 'set(end_time, start_time + Duration("1s"))', 'set(flags, 257)',
    'set(span_id, SpanID(0x1111111111111111))', 'set(parent_span_id.string, "2222222222222222")',
    'set(resource.attributes["from"], "span")', 'set(instrumentation_scope.version, "9")',
    'set(dropped_attributes_count, 8)', 'set(cache["k"], 1)', 'set(attributes, {"only": [1.5, true]})',
    'delete_key(attributes, "s")', 'delete_key(attributes["m"], "k")', 'delete_matching_keys(attributes, "^[a-l]")',
    'keep_keys(attributes, ["s", "i", "zz"])', 'keep_matching_keys(attributes, "s$|^m")',
    'limit(attributes, 3, ["m", "s"])', 'limit(attributes, 0, [])', 'truncate_all(attributes, 2)',
    'truncate_all(attributes, 3, utf8_safe=false, truncation_marker="~")',
    'replace_pattern(name, "[aeiou]", "_")', 'replace_pattern(name, "(\\\\w+) /(?P<rest>.*)", "${rest}:$1$$")',
    'replace_pattern(attributes["s"], "x*", "-")', 'replace_pattern(attributes["s"], "^", "<")',
    'replace_pattern(attributes["s"], "t", "$0", SHA256)',
    'replace_pattern(attributes["s"], "(e)", "$1", function=ToUpperCase, replacement_format="(%s)")',
    'replace_all_patterns(attributes, "value", "t", "T")', 'replace_all_patterns(attributes, "key", "^(.)$", "k.$1")',
    'replace_match(attributes["s"], "te*", "matched")', 'replace_match(name, "GET /*", "root")',
    'replace_all_matches(attributes, "*x*", "matched")',
    'merge_maps(attributes, {"s": 1, "new": {"a": 1}}, "insert")',
    'merge_maps(attributes, {"s": 1, "new": 2}, "update")', 'merge_maps(attributes, attributes["m"], "upsert")',
    'merge_maps(attributes, ParseJSON(attributes["json"]), "upsert")', 'append(attributes["l"], "more")',
    'append(attributes["s"], values=[1, 2.5])', 'append(attributes["x"], attributes["i"])',
    'flatten(attributes)', 'flatten(attributes, "p", 1)', 'flatten(attributes["m"], depth=2)',
    'flatten(attributes, resolve_conflicts=true)',
    'set(attributes["hash"], SHA256(attributes["s"]))', 'set(attributes["md5"], MD5(name))',
    'set(attributes["t"], UnixMilli(start_time))',
    'set(attributes["p"], 1) where Time("2023-11-14T22:13:20Z", "%Y-%m-%dT%H:%M:%SZ") == Unix(1700000000)',
    'set(attributes["u"], UnixNano(Time("2023-11-14 22:13:20.250", "%Y-%m-%d %H:%M:%S.%f")))',
    'set(attributes["keys"], Keys(attributes["m"]))', 'set(attributes["v"], Values(attributes["l"]))',
    'set(attributes["e"], ExtractPatterns(name, "(?P<a>[A-Z]+)( (?P<b>.*))?"))',
    'set(attributes["low"], ToLowerCase(name))', 'set(attributes["sub"], Substring(attributes["s"], 1, 2))',
    'set(attributes["num"], attributes["i"] * 2 + attributes["d"])', 'set(attributes["len"], Len(attributes["s"]))',
    'set(attributes["split"], Split(name, "/"))', 'set(attributes["b64"], Hex(attributes["bytes"]))',
    'set(attributes["c"], ConvertCase(name, "snake"))', 'set(attributes["c"], ConvertCase(name, "camel"))',
    'set(attributes["c"], ConvertCase("JSONData2x of_myURL-1.a", "snake"))',
    'set(attributes["c"], ConvertCase("JSONData2x of_myURL-1.a", "camel"))', 'set(attributes["c"], ConvertCase(name, "lower"))',
    'set(attributes["c"], ToSnakeCase("userID"))', 'set(attributes["c"], ToCamelCase("user_id"))',
    'set(attributes["f"], FormatTime(start_time, "%Y-%m-%dT%H:%M:%S.%L%z"))',
    'set(attributes["f"], FormatTime(start_time, "%S.%f|%S.%s|%i|%j|%k|%w"))',
    'set(attributes["f"], FormatTime(end_time, "%A %b %e %y, %l:%M %p %Z"))',
    'set(attributes["f"], FormatTime(TruncateTime(end_time, Duration("7h")), "%F %T"))',
    'set(attributes["y"], [Year(end_time), Month(end_time), Day(end_time), Hour(end_time), Minute(end_time)])',
    'set(attributes["y"], [Second(end_time), Nanosecond(end_time), Weekday(end_time)])',
    'set(attributes["n"], ParseInt("0x7f", 0))',
    'set(attributes["n"], ParseInt("-AA", 16))', 'set(attributes["n"], Log(attributes["i"]))',
    'set(attributes["n"], IsValidLuhn("17893729974"))', 'set(attributes["n"], Index(name, "c"))',
    'set(attributes["n"], Index(attributes["l"], "two"))', 'set(attributes["kv"], ToKeyValueString(attributes["m"]))',
    'set(attributes["kv"], ToKeyValueString(attributes, ":", ",", true))', 'delete_index(attributes["l"], 0)',
    'set_semconv_span_name("1.37.0")', 'set_semconv_span_name("1.37.0", "was")',
]

# Texts taken apart: each result goes to an attribute.
TEXT_CONVERTERS = [
    'XXH3(name)', 'XXH128(attributes["s"])', 'XXH128("")', 'Murmur3Hash(name)', 'Murmur3Hash("")', 'Murmur3Hash("abc")',
    'Murmur3Hash128(name)', 'Murmur3Hash128("a text of more than sixteen bytes")', 'Murmur3Hash128("")', 'XXH3(attributes["i"])',
    'ParseKeyValue("a=1 b=\\"x y\\" c=\'it s\' a=2")', 'ParseKeyValue("a:1;;b: 2 ;", ":", ";")', 'ParseKeyValue("a=1 b")',
    'ParseKeyValue("a=\\"1")', 'ParseKeyValue("a==1 y=")', 'ParseKeyValue("")', 'ParseKeyValue(" ")',
    'ParseKeyValue(attributes["s"])', 'ParseKeyValue("k=a\\\\\\"b c=d")', 'ParseKeyValue("a!!1||b!!2", "!!", "||")',
    'ParseCSV("1,2,3", "a,b,c")', 'ParseCSV("1,\\"2,x\\"\\"y\\",", "a,b,c")', 'ParseCSV("1|2", "a,b", "|", ",")',
    'ParseCSV("1,2", "a,b,c")', 'ParseCSV("1,2\\n3,4", "a,b,c")', 'ParseCSV("a \\"b\\" c,d", "a,b")',
    'ParseCSV("a \\"b\\" c,d", "a,b", mode="lazyQuotes")', 'ParseCSV("\\"a\\",b\\"", "a,b", mode="ignoreQuotes")',
    'ParseCSV("x,b\\"c,d", "a")', 'ParseCSV("", "a")', 'ParseCSV("1,2", "")', 'ParseCSV("\\"1\\n2\\",3\\r\\n", "a,b")',
    'ParseCSV("\\"1,2", "a,b")', 'ParseCSV("\\"1,2", "a", mode="lazyQuotes")', 'ParseCSV(name, "a", " ")',
    'ParseCSV("1\u00e92", "a\u00e9b", "\u00e9")',
    'ParseSeverity(attributes["i"], {"low": [{"range": {"min": 0, "max": 10}}], "hi": [{"range": {"min": 11, "max": 50}}]})',
    'ParseSeverity(attributes["s"], {"t": [{"equals": ["text", "a"]}], "e": [{"equals": [""]}]})',
    'ParseSeverity(404, {"error": [{"range": "4xx"}, {"range": "5xx"}], "info": [{"range": "2xx"}]})',
    'IsInCIDR("10.1.2.3", ["10.0.0.0/8"])', 'IsInCIDR("10.1.2.3", ["192.168.0.0/16", "10.1.2.0/31"])',
    'IsInCIDR("::ffff:10.1.2.3", ["10.0.0.0/8"])', 'IsInCIDR("10.1.2.3", ["::ffff:10.0.0.0/104"])',
    'IsInCIDR("10.1.2.3", ["::/0"])', 'IsInCIDR("2001:db8::1", ["2001:db8::/33"])', 'IsInCIDR("2001:db8:8000::1", ["2001:db8::/33"])',
    'IsInCIDR("010.1.2.3", ["10.0.0.0/8"])', 'IsInCIDR("fe80::1%eth0", ["fe80::/10"])', 'IsInCIDR(name, ["0.0.0.0/0"])',
    'IsInCIDR("10.1.2.3", [Concat(["10.0.0.0", "8"], "/")])', 'IsInCIDR("10.1.2.3", [name])',
    'CommunityID("10.0.0.1", 80, "10.0.0.2", 4000)', 'CommunityID("10.0.0.2", 4000, "10.0.0.1", 80, "UDP", 7)',
    'CommunityID("2001:db8::1", 80, "10.0.0.1", 80)', 'CommunityID("10.0.0.1", 80, "10.0.0.1", 70)',
    'CommunityID("10.0.0.1", 80000, "10.0.0.1", 70)', 'CommunityID("10.0.0", 80, "10.0.0.1", 70)',
    'CommunityID("10.0.0.1", 80, "10.0.0.1", 70, "udp")', 'CommunityID("10.0.0.1", 80, "10.0.0.1", 70, seed=65536)',
] + ['URL("%s")' % text for text in (
    "http://user:p%40ss@example.com:8080/a/b.c/d.html?q=1&r=a%20b#frag", "https://[2001:db8::1]:443/x", "mailto:a@b.c",
    "/path/only.txt?x", "example.com/a", "http://example.com", "HTTP://Example.COM/%7Euser", "http://a b/", "http://h:x/",
    "http://h/a b?c d#e f", "http://h/%zz", "://x", "a:b:c", "1a:b", "http://u@h", "http://u:@h/", "//h/p", "///p", "*", "?",
    "?a=1&b=2&a=3", "?a=%zz", "?a;b", "?a+b=c%20d&&e", "http://h/?", "http://h:/p", "http://h:99999999999999999999/",
    "urn:isbn:1", "http://[::1", "http://[fe80::1%25eth0]/", "http://[1.2.3.4]/", "http://h/a[b]/c|d", "http://h/#a%20(b)'c",
    "file:///etc/x.conf", "http:/x", "mongodb://a:1,b:2/db", "http://a:1,b:2/db", "http://%C3%A4/", "http://%41/", "x/a:b",
    "./a:b", "http://h\u00e9/\u00e9?\u00e9#\u00e9", "http://us er@h/", "http://h/.", "http://h/a.")]

GROK = [
    'ExtractGrokPatterns(name, "%{WORD:verb} %{GREEDYDATA:rest}")', 'ExtractGrokPatterns(name, "%{WORD} %{URIPATH:url.path}")',
    'ExtractGrokPatterns(name, "%{WORD:verb} %{URIPATH}", true)', 'ExtractGrokPatterns(name, "%{VERB:v}", true, ["VERB=[A-Z]+"])',
    'ExtractGrokPatterns("took 12 ms, 0.5 of 7, true", "%{INT:ms:int} ms, %{BASE16FLOAT:part:float} of %{POSINT:all:long}, %{BOOL:ok:bool}", true)',
    'ExtractGrokPatterns("x", "%{WORD:n:int}")', 'ExtractGrokPatterns("x", "%{WORD:n:date}")', 'ExtractGrokPatterns("", "%{WORD:n:int}")',
    'ExtractGrokPatterns("Nov 14 22:13:20 web-1.shop.example sshd[42]: hello", "%{SYSLOGBASE} %{GREEDYDATA:message}", true)',
    'ExtractGrokPatterns("10.0.0.1 - bob [14/Nov/2023:22:13:20 +0000] \\"GET /a?b=c HTTP/1.1\\" 200 512", "%{HTTPD_COMMONLOG}", true)',
    'ExtractGrokPatterns("2023-11-14T22:13:20.5Z WARN [x] 2001:db8::1", "%{TIMESTAMP_ISO8601:t} %{LOGLEVEL:l} \\\\[(?P<own>[^]]+)\\\\] %{IP:ip}")',
    'ExtractGrokPatterns("a]b", "(?<x>[]a]+)(b)")', 'ExtractGrokPatterns(attributes["s"], "^%{DATA:a}$")',
]
USER_AGENTS = [f'UserAgent("{text}")' for text in (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.71 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0", "curl/8.4.0", "python-requests/2.31.0",
    "Mozilla/5.0 (Linux; Android 13; SM-S901B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/112.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Opera/9.80 (Windows NT 6.1; U; en) Presto/2.8.131 Version/11.11",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Safari/605.1.15",
    "Go-http-client/1.1", "OTel-OTLP-Exporter-Python/1.20", "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)",
    "kube-probe/1.27", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "", "nothing known",
    "Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0) AppleWebKit/538.1 (KHTML, like Gecko) Version/5.0 NativeTVAds Safari/538.1",
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36 Edg/119.0.2151.97")]

ORDER = "<o id='1'>\\n <i n='a' p:k='&lt;x&gt;' xmlns:p='u'>one</i>\\n <i>two<b/></i><![CDATA[<c>]]><!-- no --><e/>tail &amp; '\\\"'\\n</o>"
XML = [call % f'"{ORDER}"' for call in (
    'ParseXML(%s)', 'ParseSimplifiedXML(%s)', 'GetXML(%s, "/o/i")', 'GetXML(%s, "//i[@n=\'a\']/text()")', 'GetXML(%s, "//@n")',
    'GetXML(%s, "/o/text()")', 'GetXML(%s, "//text()")', 'GetXML(%s, "/o/i[2]")', 'GetXML(%s, "count(//i)")', 'GetXML(%s, "/")',
    'GetXML(%s, "//i[last()]/b | /o/e")', 'GetXML(%s, "//none")', 'RemoveXML(%s, "//i")', 'RemoveXML(%s, "//@n")', 'RemoveXML(%s, "//text()")',
    'RemoveXML(%s, "//comment()")', 'RemoveXML(%s, "/o/e")', 'InsertXML(%s, "/o/i", "<new a=\'1\'/>text")', 'InsertXML(%s, "/o/e", "<a/><b/>")',
    'InsertXML(%s, "//@n", "<a/>")', 'InsertXML(%s, "/", "<a/>")', 'InsertXML(%s, "/o", "no xml")',
    'ConvertAttributesToElementsXML(%s, "/o/@id")', 'ConvertTextToElementsXML(%s)', 'ConvertTextToElementsXML(%s, "//i", "t")')]
XML += [f'{call}("{text}")' for call in ("ParseXML", "ParseSimplifiedXML", "ConvertTextToElementsXML") for text in (
    "<a/>", "<a>x</a>", "<a> <b>1</b> <b>2</b><c><d>3</d></c><b><e/></b></a>", "<a><b>1</b></a><c>2</c>", "<a", "<a></b>", "", "text", "<a>&x;</a>",
    "<a>&#65;&#x42;</a>", "<a b='<'/>", "<a b/>", "<a b=c/>", "<a>]]></a>", "<a><!-- x -- y --></a>", "<a/> ", " <a/>", "<!-- c --><a>1</a>",
    "<?xml version='1.0' encoding='UTF-8'?>\\n<a>x<b/>y</a>\\n", "<?xml version='1.1'?><a/>", "<?pi some thing?><a>1</a>", "<!DOCTYPE x><a>1</a>",
    "<!DOCTYPE x [<!ENTITY e 'v'>]><a>&e;</a>", "<p:a xmlns:p='u'><p:b>1</p:b></p:a>", "<p:a/>", "<a x='1' x='2'/>", "<a xml:space='default'> x <b/> </a>",
    "<a><![CDATA[x]]>y</a>", "<a>x<![CDATA[]]></a>", "<a xmlns='u'><b>1</b></a>", "<a:b:c/>", "<a>\\u0001</a>", "<a>1<b>2</b>3</a>",
    "<?xml version='1.0' encoding='ISO-8859-1'?><a>x</a>", "<a>\\r\\n</a>", "<1a/>", "<a>x</a", "<a><b></a></b>")]
XML += ['ParseXML("<a>&#55296;&#x1F600;</a>")', 'GetXML("", "//a")', 'RemoveXML("", "//a")', 'InsertXML("", "/", "<a>1</a>")', 'GetXML("<a", "//a")', 'RemoveXML(attributes["i"], "//a")',
        'RemoveXML("<?xml version=\'1.0\'?><a><b/></a>", "//b")', 'RemoveXML("<a><b>1</b> <b>2</b></a>", "//b[1]")',
        'GetXML("<p:a xmlns:p=\'u\'><p:b>1</p:b><b>2</b></p:a>", "//p:b")', 'GetXML("<p:a xmlns:p=\'u\'><p:b>1</p:b><b>2</b></p:a>", "//b")',
        'GetXML("<a><b>1</b><b>2</b></a>", "//b[contains(., \'2\')]")', 'GetXML("<a><b i=\'1\'>x</b></a>", "//b/@i | //b")', 'GetXML("<a><a>1</a><b/></a>", "//a")',
        'ParseXML("<a b=\'1\'c=\'2\'/>")', 'RemoveXML("<p:a xmlns:p=\'u\' p:x=\'1\'/>", "//@p:x")',
        'ConvertAttributesToElementsXML("<p:a xmlns:p=\'u\' p:x=\'1\'/>")', 'ConvertAttributesToElementsXML("<a b=\'\' c=\'2\'>x</a>")',
        'GetXML("<a><b><![CDATA[x]]></b></a>", "//b[text()=\'x\']")']
TIMES = [f'UnixNano(Time("{text}", "{layout}"))' for text, layout in (
    ("2023-11-14T22:13:20.5Z", "%Y-%m-%dT%H:%M:%S.%s%z"), ("2023-11-14T22:13:20Z", "%Y-%m-%dT%H:%M:%S.%s%z"),
    ("2023-11-14T22:13:20.123456789+0130", "%Y-%m-%dT%H:%M:%S.%L%z"), ("2023-11-14 22:13:20,25 +01:00", "%F %T,%f %z"),
    ("2023-11-14 22:13:20.25", "%F %T"), ("2023-11-14 22:13:20 -05", "%F %T %z"), ("2023-1-4 2:3:5", "%F %T"),
    ("11/14/2023 10:13:20 pm", "%D %r"), ("11/14/23 22:13", "%x %R"), ("Tue Nov 14 22:13:20 2023", "%c"),
    ("Tuesday, november 14, 2023 3PM", "%A, %B %d, %Y %l%p"), ("14. 3.2023 12 am", "%d.%m.%Y %I %P"),
    ("2023-11-14 22:13:20 UTC", "%F %T %Z"), ("2023-11-14 22:13:20 GMT", "%F %T %Z"), ("2023-11-14 22:13:20 -07", "%F %T %i"),
    ("2023-11-14 22:13:20 -07:30", "%F %T %j"), ("2023-11-14 22:13:20 +07:30:10", "%F %T %k"), ("2023-11-14 22:13:20 +073010", "%F %T %w"),
    ("2023-02-29", "%F"), ("2024-02-29", "%F"), ("70-1-1", "%y-%m-%d"), ("68-1-1", "%y-%m-%d"), ("2023-11-14   22", "%F %H"),
    ("2023-11-14 25", "%F %H"), ("2023-11-14 22:60", "%F %R"), ("2023-11-14x", "%F"), ("2023-11-14 ", "%F "), ("20231114", "%Y%m%d"),
    ("2023\\t11", "%Y%t%m"), ("% 2023", "%% %Y"), ("5.", "%S.%f"), ("2023 5.x", "%Y %S.%fx"))]
TEXT_CONVERTERS += TIMES + GROK + USER_AGENTS + XML

SPAN_STATEMENTS += [f'set(attributes["r"], {converter})' for converter in TEXT_CONVERTERS]

RESOURCE_STATEMENTS = ['set(attributes["env"], "test")', 'delete_key(attributes, "service.name")',
                       'keep_keys(attributes, ["host"])']
EVENT_STATEMENTS = ['set(name, Concat([span.name, name], "/"))', 'set(attributes["index"], event_index)',
                    'set(time_unix_nano, 5)']

METRIC_CONDITIONS = ['name == "requests"', 'type == METRIC_DATA_TYPE_SUM', 'IsMatch(name, "^(cpu|mem)")',
                     'unit == "s" or description == "d"', 'is_monotonic == true', 'Len(data_points) > 1',
                     'aggregation_temporality == AGGREGATION_TEMPORALITY_DELTA', 'HasAttrKeyOnDatapoint("host")',
                     'HasAttrOnDatapoint("host", "a")']
POINT_CONDITIONS = ['value_int > 5', 'value_double > 2.0', 'attributes["host"] == "a"', 'metric.name == "cpu"',
                    'count > 2', 'sum >= 9.0', 'flags == FLAG_NO_RECORDED_VALUE', 'time_unix_nano > 15',
                    'bucket_counts == [1, 2]', 'explicit_bounds == [5.0]', 'Len(bucket_counts) == 2',
                    'metric.type == METRIC_DATA_TYPE_SUMMARY', 'scale == 1', 'zero_count == 2']
METRIC_STATEMENTS = ['set(name, Concat(["x", name], "."))', 'set(unit, "1")', 'set(description, "set") where unit == "s"',
                     'set(is_monotonic, false)', 'set(aggregation_temporality, AGGREGATION_TEMPORALITY_CUMULATIVE)',
                     'replace_pattern(name, "^c", "C")', 'convert_sum_to_gauge()',
                     'convert_gauge_to_sum("delta", true)', 'convert_gauge_to_sum("cumulative", false)',
                     'extract_sum_metric(true)', 'extract_sum_metric(false, "_total") where IsMatch(name, "lat|summ")',
                     'extract_count_metric(true)', 'extract_count_metric(monotonic=false, suffix=".n")',
                     'extract_percentile_metric(50.0)', 'extract_percentile_metric(99.9, "_high")',
                     'extract_percentile_metric(12.5) where IsMatch(name, "latency")',
                     'extract_percentile_metric(25.0) where IsMatch(name, "sizes")',
                     'convert_summary_quantile_val_to_gauge()', 'convert_summary_quantile_val_to_gauge("host", ".q")',
                     'copy_metric(name="copied") where name == "merge.latency"',
                     'copy_metric(name=Concat([name, "copy"], "."), description="a copy", unit="1") where not HasSuffix(name, "copy")',
                     'copy_metric(Concat([name, "c"], "")) where IsMatch(name, "^merge.real(c{0,3})$")',
                     'scale_metric(10.0)', 'scale_metric(0.25, "ks")', 'scale_metric(1000.0, unit=Concat([unit, "k"], ""))',
                     'aggregate_on_attributes("sum", ["host"])', 'aggregate_on_attributes("sum", [])',
                     'aggregate_on_attributes("mean", ["zone"])', 'aggregate_on_attributes("min", ["zone"])',
                     'aggregate_on_attributes("max", ["zone"])', 'aggregate_on_attributes("median", ["zone"])',
                     'aggregate_on_attributes("median", [])', 'aggregate_on_attributes("sum")',
                     'aggregate_on_attributes("count", ["zone"]) where IsMatch(name, "^merge")',
                     'aggregate_on_attributes("count", ["host", "zone"])',
                     'aggregate_on_attribute_value("sum", "host", ["a", "bb"], "both")',
                     'aggregate_on_attribute_value("max", "host", ["a", "bb"], "both") where name != "old"',
                     'convert_exponential_histogram_to_histogram("upper", [0.0, 2.0, 4.0, 100.0])',
                     'convert_exponential_histogram_to_histogram("midpoint", [1.0, 2.5, 5.0])',
                     'convert_exponential_histogram_to_histogram("uniform", [0.0, 2.0, 3.0, 10.0])',
                     'convert_exponential_histogram_to_histogram("random", [1000.0])']
POINT_STATEMENTS = ['set(attributes["m"], metric.name)', 'set(value_int, value_int + 1)', 'set(value_double, 1.5)',
                    'set(count, 7)', 'set(sum, sum * 2)', 'delete_key(attributes, "host")', 'set(flags, 1)',
                    'set(time_unix_nano, 99)', 'set(scale, 3)', 'merge_histogram_buckets(5.0)', 'set(metric.description, "point")',
                    'convert_summary_sum_val_to_sum("delta", true)', 'convert_summary_sum_val_to_sum("cumulative", false, "_s")',
                    'convert_summary_count_val_to_sum("delta", false)',
                    'convert_summary_count_val_to_sum("cumulative", true) where attributes["host"] == "bb"']

LOG_CONDITIONS = ['severity_number >= SEVERITY_NUMBER_WARN', 'severity_text == "INFO"', 'body == "hello"',
                  'IsMatch(body, "h.*o")', 'body["k"] == "v"', 'IsMap(body)', 'attributes["i"] == 42',
                  'trace_id == TraceID(0x00000000000000000000000000000000)', 'body.string == "hello"',
                  'observed_time_unix_nano > time_unix_nano', 'event_name == "ev"', 'Len(body) > 4']
LOG_STATEMENTS = ['set(body, "new")', 'set(body["k"], 5) where IsMap(body)', 'set(severity_number, SEVERITY_NUMBER_FATAL4)',
                  'set(severity_text, "S")', 'merge_maps(attributes, body, "upsert") where IsMap(body)',
                  'set(attributes["b"], body)', 'set(time, observed_time)', 'set(trace_id.string, "0102030405060708090a0b0c0d0e0f10")',
                  'replace_pattern(body, "l+", "L")', 'set(attributes["text"], body.string)', 'set(event_name, "e")',
                  'merge_maps(attributes, ParseJSON(body), "upsert") where IsMatch(body, "^\\\\{")', 'set(flags, 3)']

# Where the Collector fails, and how; docs/ottl.md says what ours do.
DEFECTS = {
    'bucket_counts == [1, 2]': "its list of []uint64 equals no []any",
    'explicit_bounds == [5.0]': "its list of []float64 equals no []any",
    'event_index == 0': "its filter and transform never say which event it is: always an error",
    'set(attributes["index"], event_index)': "the same",
    **{f'set(attributes["r"], {converter})': what for converter, what in {
        'GetXML("<a><b i=\'1\'>x</b></a>", "//b/@i | //b")': "nodes of a union do not come in the document's order",
        'GetXML("<a><a>1</a><b/></a>", "//a")': "elements inside each other are tied together anew while they are written",
        'ParseXML("<a b=\'1\'c=\'2\'/>")': "its reader asks for no white space between attributes",
        'RemoveXML("<p:a xmlns:p=\'u\' p:x=\'1\'/>", "//@p:x")': "attributes with a prefix are not found again",
        'ConvertAttributesToElementsXML("<p:a xmlns:p=\'u\' p:x=\'1\'/>")': "the same, and namespaces count as attributes",
        'GetXML("<a><b><![CDATA[x]]></b></a>", "//b[text()=\'x\']")': "CDATA has no value in its XPath",
    }.items()},
    'aggregate_on_attributes("count", ["zone"]) where IsMatch(name, "^merge")': "a point that is alone keeps its value",
    'aggregate_on_attributes("count", ["host", "zone"])': "the same",
    'aggregate_on_attribute_value("sum", "host", ["a", "bb"], "both")': "it drops the points of summaries",
    'aggregate_on_attribute_value("max", "host", ["a", "bb"], "both") where name != "old"': "the same",
    'HasAttrOnDatapoint("host", "a")': "it looks no further than the first data point that has the attribute",
}

# (what, another that a wrong reading of it would be): the second on our side has to be caught.
TWINS = [
    ('attributes["i"] > 10.5', 'attributes["i"] > 42'),
    ('attributes["s"] != "text"', 'attributes["s"] != nil and attributes["s"] != "text"'),
    ('not (attributes["i"] == 42 or attributes["b"] == true)',
     'not (attributes["i"] == 42) or attributes["b"] == true'),
    ('IsMatch(name, "^(GET|PUT) /[a-z]+$")', 'IsMatch(name, "^(GET|PUT) ")'),
    ('attributes["l"][5] == 1', 'attributes["l"][0] == 1'),
    ('end_time_unix_nano - start_time_unix_nano > 200000000', 'end_time_unix_nano > 200000000'),
]

# Of the policy ottl_condition: conditions on spans, on events, the error mode.
POLICIES = {
    "ottl_span": (['attributes["tier"] == "gold"'], [], "ignore"),
    "ottl_any": (['status.code == STATUS_CODE_ERROR', 'attributes["code"] >= 400'], [], "ignore"),
    "ottl_resource": (['resource.attributes["tier"] != nil and kind == 0'], [], "silent"),
    "ottl_flags": (['flags == 1 or trace_state["shop"] == "gold"'], [], "ignore"),
    "ottl_errors": (['attributes["route"] + 1 == 2', 'IsMatch(attributes["route"], "^/pay")'], [], "ignore"),
    "ottl_time": (['end_time - start_time > Duration("600ms")'], [], "ignore"),
    "ottl_type": (['IsBool(attributes["vip"]) and attributes["vip"] == true'], [], None),
}
POLICY_TWINS = {
    "ottl_span": (['attributes["tier"] != nil'], [], "ignore"),
    "ottl_any": (['status.code == STATUS_CODE_ERROR'], [], "ignore"),
    "ottl_resource": (['attributes["tier"] != nil'], [], "silent"),
    "ottl_flags": (['flags == 1'], [], "ignore"),
    "ottl_errors": (['attributes["route"] + 1 == 2', 'IsMatch(attributes["route"], "^/pay")'], [], "propagate"),
    "ottl_time": (['end_time - start_time > Duration("700ms")'], [], "ignore"),
    "ottl_type": (['attributes["vip"] != nil'], [], None),
}
