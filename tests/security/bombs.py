"""Recipe texts that are meant to hurt whoever reads them: row F4 of the threat model."""

from __future__ import annotations

MIB = 1 << 20
PLAIN = """\
name: plain
inputs: {clip: {type: video}}
params: {size: {type: integer, default: 64}}
steps:
  - {id: out, type: RESIZE, inputs: [clip], config: {width: 64}}
output: out
"""

Text = str | bytes


def with_width(value: str) -> str:
    """A recipe with something else where a number belongs."""
    return PLAIN.replace("{width: 64}", f"{{width: {value}}}")


def with_name(value: str) -> str:
    return PLAIN.replace("name: plain", f"name: {value}")


def with_steps(steps: str, output: str = "out") -> str:
    return f"name: steps\ninputs: {{clip: {{type: video}}}}\nsteps:\n{steps}output: {output}\n"


def aliases(levels: int, width: int) -> str:
    """The billion laughs."""
    lines = ["a0: &a0 [ha]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join([*lines, PLAIN])


def chain(count: int, *, last: str = "clip", kind: str = "REVERSE") -> str:
    steps = [f"  - {{id: s{n}, type: {kind}, inputs: [{f's{n - 1}' if n else last}]}}\n" for n in range(count)]
    return with_steps("".join(steps), f"s{count - 1}")


def doubled(levels: int, kind: str) -> str:
    """Each step takes the one before it twice."""
    steps = [
        f"  - {{id: s{n}, type: {kind}, inputs: [{', '.join([f's{n - 1}' if n else 'clip'] * 2)}]}}\n"
        for n in range(levels)
    ]
    return with_steps("".join(steps), f"s{levels - 1}")


TAGS = (
    "!!python/object/apply:os.system ['id']",
    "!!python/object/new:os.system ['id']",
    "!!python/object:os.stat_result {}",
    "!!python/name:os.system ''",
    "!!python/module:os ''",
    "!!python/tuple [1, 2]",
    "!!python/bytes aGk=",
    "!!python/none",
    "!<tag:yaml.org,2002:python/object/apply:builtins.eval> ['1']",
    "!ruby/object:Gem::Installer {}",
    "!!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[!!java.net.URL ['http://127.0.0.1/']]]]",
    "!include /etc/passwd",
    "!vault abc",
    "!!binary aGVsbG8=",
    "!!timestamp 2026-01-01",
    "!!set {a, b}",
    "!!omap [a: 1]",
    "!!merge <<",
    "!!int abc",
    "!!float abc",
    "!!bool yes",
    "!env HOME",
)

NUMBERS = (
    "9" * 100_000,
    "-" + "9" * 400,
    "0x" + "f" * 50_000,
    "0o" + "7" * 50_000,
    "9223372036854775808",
    "1e999999999",
    "-1e400",
    "0." + "1" * 200_000,
    ".inf",
    "-.INF",
    ".nan",
    "1e308",
    "1" + "_0" * 5000,
    "190:20:30",
    "0b1010",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "2026-99-99 99:99:99",
    "yes",
    "on",
    "Off",
    "true",
    "-0",
    "1.5",
    "'64'",
    "=",
    "{width: 64}",
    "[64]",
    "$params.nothing",
    "${params.size}",
    "{{ params.size }}",
    "{{ 7*7 }}",
)
"""Each in place of a whole number of pixels."""

NAMES = (
    '"a\\0b"',
    '"a\\u202eb"',
    '"a\\u2066b\\u2069"',
    '"a\\u2028b"',
    '"a\\x85b"',
    '"a\\x1b[2Jb"',
    '"a\\ufeffb"',
    '"a\\ud800"',
    '"a\\nb"',
    '"../../etc/passwd"',
    '"a/b"',
    '".."',
    '""',
    '" "',
    "n" * 129,
    "n" * 500_000,
    "[a]",
    "{a: b}",
    "null",
    "true",
)

TEXTS: dict[str, Text] = {
    **{f"tag {tag[:40]}": with_width(tag) for tag in TAGS},
    **{f"a tag on the whole: {tag[:30]}": f"{tag.split()[0]}\n{PLAIN}" for tag in TAGS[:3]},
    **{f"number {number[:30]} ({len(number)})": with_width(number) for number in NUMBERS},
    **{f"name {name[:30]} ({len(name)})": with_name(name) for name in NAMES},
    "billion laughs": aliases(10, 10),
    "quadratic laughs": "a: &a [" + "x, " * 9000 + "]\nb: [" + "*a, " * 90_000 + "]\n",
    "an anchor without alias": PLAIN.replace("plain", "&n plain"),
    "an alias without anchor": with_name("*nothing"),
    "a list that holds itself": "name: &a [*a]\n",
    "a mapping that holds itself": "&a name: &b {x: *b}\n",
    "a merge key": PLAIN + "<<: {name: other}\n",
    "merge keys from anchors": f"base: &base {{name: x}}\n<<: *base\n{PLAIN}",
    "300,000 anchors": "".join(f"- &a{n} x\n" for n in range(80_000)),
    "deep lists": "name: " + "[" * 100_000 + "]" * 100_000,
    "deep mappings": "{a: " * 50_000 + "1" + "}" * 50_000,
    "deep lists of lines": "- " * 100_000 + "x",
    "deep by indent": "".join(f"{' ' * n}a:\n" for n in range(1000)),
    "deep config": with_width("[" * 30 + "]" * 30),
    "deeper than 32": with_width("[" * 40 + "]" * 40),
    "deep questions": "? " * 100_000 + "x",
    "10 MB of a scalar": with_name("x" * (10 * MIB)),
    "10 MB of comments": "# x\n" * (10 * MIB // 4) + PLAIN,
    "10 MB of steps": chain(10 * MIB // 45),
    "a million steps": "steps:\n" + "- {}\n" * 1_000_000,
    "1 MiB and a byte": with_name("x" * (MIB - len(PLAIN) + 6)),
    "10,001 values": "name: [" + "1, " * 10_000 + "]",
    "a million values": "name: [" + "1," * 500_000 + "]",
    "a long chain": chain(2400, last="nothing"),
    "a step that takes itself": with_steps("  - {id: out, type: REVERSE, inputs: [out]}\n"),
    "a cycle of two": with_steps(
        "  - {id: out, type: REVERSE, inputs: [b]}\n  - {id: b, type: REVERSE, inputs: [out]}\n"
    ),
    "a cycle of 2,000": chain(2000, last="s1999"),
    "many cycles": with_steps("".join(f"  - {{id: s{n}, type: REVERSE, inputs: [s{n}]}}\n" for n in range(2000)), "s0"),
    "steps that nobody uses": with_steps(
        "".join(f"  - {{id: s{n}, type: REVERSE, inputs: [clip]}}\n" for n in range(2000)), "s0"
    ),
    "inputs that take a step's name": PLAIN.replace("id: out", "id: clip").replace("output: out", "output: clip"),
    "equal ids": with_steps("  - {id: out, type: REVERSE, inputs: [clip]}\n" * 2000),
    "equal keys": PLAIN + "name: other\n",
    "equal keys, a thousand": PLAIN + "name: other\n" * 1000,
    "equal keys in quotes": PLAIN + '"name": other\n',
    "equal keys of unequal types": PLAIN + "1: a\n'1': b\n",
    "keys that are lists": PLAIN + "? [a, b]\n: c\n",
    "keys that are mappings": PLAIN + "? {a: b}\n: c\n",
    "2,000 unknown keys": PLAIN + "".join(f"key{n}: 1\n" for n in range(2000)),
    "2,000 unknown parameters": with_width("64, " + ", ".join(f"w{n}: 1" for n in range(2000))),
    "2,000 unknown types": with_steps(
        "".join(f"  - {{id: s{n}, type: {'RESIZF' * 10}, inputs: [clip]}}\n" for n in range(2000)), "s0"
    ),
    "special keys": PLAIN + "__class__: x\n__proto__: {a: b}\nconstructor: x\n",
    "two documents": f"{PLAIN}---\n{PLAIN}",
    "200,000 documents": "---\n" * 200_000,
    "an end and more": f"{PLAIN}...\nx: y\n",
    "a directive": "%YAML 1.1\n" + PLAIN,
    "a directive of a tag": "%TAG !! tag:yaml.org,2002:python/\n---\n" + with_width("!!object/apply:os.system [id]"),
    "a directive of the future": "%YAML 9.9\n---\n" + PLAIN,
    "an unknown directive": "%INCLUDE /etc/passwd\n---\n" + PLAIN,
    "tabs": PLAIN.replace("  - ", "\t- "),
    "an open quote": with_name('"plain'),
    "an open list": with_name("[plain"),
    "a key without end": "a" * (MIB - 10) + ": 1",
    "nothing": "",
    "spaces": " " * 10_000,
    "null": "null",
    "a list": "[1, 2]",
    "a word": "recipe",
    "JSON with a comment": '{"name": "x" /* c */}',
    "XML": '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "a pickle": b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    "NUL": PLAIN.replace("plain", "pl\0ain"),
    "a NUL at the end": PLAIN + "\0",
    "an escape": PLAIN.replace("plain", "\x1b]0;x\x07"),
    "turned round": PLAIN.replace("plain", "a \u202e b"),
    "isolated": PLAIN.replace("id: out", "id: \u2066out\u2069"),
    "a zero-width id": PLAIN.replace("id: out", "id: ou\u200bt"),
    "an id of another alphabet": PLAIN.replace("id: out", "id: \u043eut"),
    "a BOM inside": PLAIN.replace("inputs", "\ufeffinputs"),
    "two BOMs": "\ufeff\ufeff" + PLAIN,
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16 BE without a BOM": PLAIN.encode("utf-16-be"),
    "UTF-32": PLAIN.encode("utf-32"),
    "UTF-7": PLAIN.encode().replace(b"plain", b"+ADw-script+AD4-") + b"\xff",
    "Latin 1": PLAIN.replace("plain", "ö").encode("latin-1"),
    "overlong UTF-8": PLAIN.encode().replace(b"plain", b"\xc0\xafetc"),
    "a surrogate in UTF-8": PLAIN.encode().replace(b"plain", b"\xed\xa0\x80"),
    "cut UTF-8": PLAIN.encode() + b"# \xf0\x9f\x92",
    "beyond Unicode": PLAIN.encode().replace(b"plain", b"\xf4\x90\x80\x80"),
    "a noncharacter": PLAIN.replace("plain", "\uffff"),
    "a pattern for regular expressions": with_name('"' + "a" * 5000 + '/"'),
    "almost a param": with_width("$params." + "x" * 50_000),
    "many almost-params": with_steps(
        "".join(f"  - {{id: s{n}, type: RESIZE, inputs: [clip], config: {{width: $param.a}}}}\n" for n in range(1500)),
        "s0",
    ),
    "choices that do not fit": PLAIN.replace("default: 64", "choices: [" + "x, " * 5000 + "]"),
    "a default out of range": PLAIN.replace("default: 64", "default: 5, min: 10, max: 1"),
    "bounds that are huge": PLAIN.replace("default: 64", "default: 1, min: 1e308, max: 1e309"),
    "an output that is a list": PLAIN.replace("output: out", "output: [out]"),
    "an output format that is a path": PLAIN.replace("output: out", "output: {step: out, format: ../../x}"),
    "an output codec that is an option": PLAIN.replace("output: out", "output: {step: out, video_codec: 'h264 -i x'}"),
    "a frame rate by zero": PLAIN.replace("output: out", "output: {step: out, fps: 1/0}"),
    "a frame rate of many digits": PLAIN.replace("output: out", "output: {step: out, fps: " + "9" * 5000 + "/1}"),
}
"""What is refused by /recipes/upload and, in words, by /recipes/check."""

HARMLESS: dict[str, Text] = {
    "a BOM": "\ufeff" + PLAIN,
    "CR LF": PLAIN.replace("\n", "\r\n"),
    "words of YAML 1.1": PLAIN + 'description: "yes, no, on, off, 1:30, 2026-01-01, <<"\n',
    "a description that is a timestamp": PLAIN + "description: 2026-01-01T00:00:00Z\n",
    "a script in a description": PLAIN + 'description: "<script>alert(1)</script>{{7*7}}"\n',
    "another alphabet": with_name("\u0437\u0430\u0440\u044f"),
    "a document's start and end": f"---\n{PLAIN}...\n",
    "a tag of the core schema": with_width("!!int 64"),
    "as long as may be": PLAIN + "# " + "x" * (MIB - len(PLAIN) - 2),
    "as many steps as may be": chain(1200),
    "doubled by SEQUENCE": doubled(60, "SEQUENCE"),
    "doubled by BLEND": doubled(300, "BLEND"),
    "doubled by LAYER": doubled(300, "LAYER"),
}
"""Odd or large, but recipes. None can run: there is no input."""
