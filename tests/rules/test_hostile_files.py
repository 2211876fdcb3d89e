"""A rule file that was made to hurt is refused with its line, quickly and in little memory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rules
from tests.rules.facts import KNOWN

ROOT = Path(__file__).parents[2]
LAUGHS = "- id: a\n  x: &a [lol, lol]\n" + "".join(f"  {chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9))
RULE = "- id: amazon-r{}\n  fact: noise\n  operator: at_most\n  limit: {}\n  level: warn\n  message: m\n  source: {{page: p, read: 2026-11-22, says: s}}\n"
CASES = {
    "billion laughs": (LAUGHS, "amazon.yaml:2:6: not readable as YAML: aliases and anchors are not allowed here"),
    "a merge of anchors": ("- &x {id: a}\n- <<: *x\n", "amazon.yaml:1:3: not readable as YAML: aliases"),
    "deep in brackets": ("- id: a\n  limit: " + "[" * 15_000 + "\n", "amazon.yaml:2:20: not readable as YAML: nested too deeply"),
    "deep in lines": ("- id: a\n" + "".join(" " * (2 + n) + "x:\n" for n in range(400)), "amazon.yaml:12:13: not readable as YAML: nested too deeply"),
    "a line of a megabyte": ("- id: a\n  message: " + "x" * 990_000 + "\n", "amazon.yaml:2:20001: a line of more than 20,000 characters"),
    "a word of many lines": (
        "- id: a\n  message: |\n" + "    lorem ipsum dolor sit amet\n" * 30_000,
        "amazon.yaml:2:12: a: message: String should have at most 1000",
    ),
    "a very long name": ("- id: " + "x" * 19_000 + "\n", "amazon.yaml:1:7: " + "x" * 100 + ": id: "),
    "a very long fact": (RULE.format(1, 1).replace("noise", "n" * 19_000), "amazon.yaml:2:9: amazon-r1: fact: unknown fact 'nnn"),
    "a number of many digits": (
        RULE.format(1, "9" * 19_000) + "  passes: [1]\n  fails: [2]\n",
        "amazon.yaml:4:10: amazon-r1: limit: operator at_most: limit must be a number",
    ),
    "very many values": ("- 1\n" * 240_000, "amazon.yaml:25000:3: not readable as YAML: more than 25,000 values"),
    "very many keys": ("- id: a\n" + "".join(f"  k{n}: 1\n" for n in range(12_000)), "amazon.yaml:2:7: a: k0: unknown key"),
    "very many wrong rules": ("- 1\n" * 20_000, "amazon.yaml:1:3: expected a rule"),
    "ten megabytes": ("# nothing\n" * 1_000_000, "amazon.yaml:100001:1: longer than 1,000,000 characters"),
    "a key twice": ("- id: a\n  level: stop\n  level: warn\n", "amazon.yaml:3:3: key 'level' stands twice"),
    "a tab": ("- id: a\n\tlevel: stop\n", "amazon.yaml:2:1: not readable as YAML: found character '\\t'"),
    "a NUL": ("- id: a\n  level: st\0op\n", "amazon.yaml:2:12: holds the character '\\x00', which no text has"),
    "a tag": ("- id: a\n  limit: !!python/object/apply:os.system [ls]\n", "amazon.yaml:2:10: tag 'tag:yaml.org,2002:python/object/apply:os.system'"),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_with_its_line_and_in_few_words(name: str) -> None:
    text, words = CASES[name]

    with pytest.raises(rules.RuleError) as caught:
        rules.load(KNOWN, {"amazon.yaml": text})

    assert any(problem.startswith(words) for problem in caught.value.problems), caught.value.problems[:3]
    assert len(caught.value.problems) <= 201
    assert max(map(len, caught.value.problems)) < 1500


def test_none_of_them_takes_long_or_much_memory() -> None:
    """In a process of its own, whose largest size is known."""
    code = """
import resource, time
import rules
from tests.rules.facts import KNOWN
from tests.rules.test_hostile_files import CASES
rules.load(KNOWN)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for text, _ in CASES.values():
    began = time.process_time()
    try:
        rules.load(KNOWN, {"amazon.yaml": text})
    except rules.RuleError:
        print(time.process_time() - began)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    *seconds, megabytes = map(float, subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split())

    assert len(seconds) == len(CASES)
    assert max(seconds) < 5  # the slowest takes about one on a quiet machine
    assert megabytes < 80


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"- id: a\n  level: st\xffop\n", "amazon.yaml:2:12: not UTF-8 text (byte 0xff)"),
        ("- id: ä\n  level: é\n".encode("latin-1"), "amazon.yaml:1:7: not UTF-8 text"),
        ("- id: a\n".encode("utf-16"), "amazon.yaml:1:1: not UTF-8 text"),
        ("# \U0001f48d\n- id: ä\n".encode() + b"\x80", "amazon.yaml:3:1: not UTF-8 text"),
    ],
)
def test_bytes_that_are_no_text_are_refused_at_the_line_of_the_first(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "amazon.yaml").write_bytes(data)

    with pytest.raises(rules.RuleError) as caught:
        rules.load(KNOWN, tmp_path)

    assert [problem for problem in caught.value.problems if problem.startswith(f"{tmp_path}/{words}")]


def test_of_a_file_of_any_size_only_a_piece_is_read(tmp_path: Path) -> None:
    with (tmp_path / "amazon.yaml").open("wb") as file:
        file.write("# ä\n".encode())
        file.truncate(50_000_000_000)  # sparse: it takes no room, and would fill any memory

    with pytest.raises(rules.RuleError, match="longer than 1,000,000 characters"):
        rules.load(KNOWN, tmp_path)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "amazon.yaml")
    (tmp_path / "ebay.yaml").mkdir()

    with pytest.raises(rules.RuleError) as caught:
        rules.load(KNOWN, tmp_path)

    assert [problem.removeprefix(f"{tmp_path}/") for problem in caught.value.problems] == ["amazon.yaml:1:1: is no file", "ebay.yaml:1:1: is no file"]


def test_a_file_that_ends_in_the_middle_of_a_letter_is_long_and_not_wrong(tmp_path: Path) -> None:
    (tmp_path / "amazon.yaml").write_bytes(b"#" + "ä".encode() * 2_500_000)

    with pytest.raises(rules.RuleError, match="longer than"):
        rules.load(KNOWN, tmp_path)
