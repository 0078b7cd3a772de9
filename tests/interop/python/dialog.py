"""The person beside a program, who is asked over standard output and answers over standard input; and what every program sends."""
import sys

AWKWARD = [
    ("two", "2"),
    ("two", "1"),
    ("amp", "x&y=z"),
    ("c@", "1"),
    ("empty", ""),
    ("percent", "100%"),
    ("plus", "1+1"),
    ("space", "a b"),
    ("tilde", "~"),
    ("utf8", "ü€😀"),
]


def opened(url):
    """The URL at which the person's browser arrives at the client, or the verifier that the person read."""
    print("open", url, flush=True)
    return sys.stdin.readline().strip()


def believed(answer):
    assert answer.status_code == 200 and answer.text == "for demo", (answer.status_code, answer.text)
