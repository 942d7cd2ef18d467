"""Says of each mail that is named which of its DKIM signatures dkimpy believes."""

import re
import sys

import dkim

with open("keys", "rb") as keys:
    records = dict(line.rstrip(b"\n").split(b" ", 1) for line in keys)


def record(name, timeout=5):
    name = name if isinstance(name, bytes) else name.encode()
    return records.get(name.rstrip(b"."))


def holds(mail, place):
    try:
        return dkim.DKIM(mail).verify(idx=place, dnsfunc=record)
    except dkim.DKIMException:
        return False


for name in sys.argv[1:]:
    with open(name, "rb") as file:
        mail = file.read()
    words = [name]
    signatures = [value for field, value in dkim.DKIM(mail).headers if field.lower() == b"dkim-signature"]
    for place, value in enumerate(signatures):
        selector = re.search(rb"[;\s]s=([^;\s]*)", value).group(1).decode()
        words.append(f"{selector}={str(bool(holds(mail, place))).lower()}")
    print(*words)
