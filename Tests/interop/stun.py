"""STUN between this project and aioice, an implementation of its own: each writes messages that the other must read alike.

stun.py write DIR             writes DIR/theirs.tsv: messages of aioice's, and what they say
stun.py read DIR              reads DIR/ours.tsv, written by the test InteropTests
stun.py capture PROGRAM DIR FILE...   captures scenarios and reads every STUN message in them; `PROGRAM dissect` must count the same

A line has a name, the password (or -), what is to be found (right, wrong, absent), the message in hex, and its attributes as text.
"""

import json
import random
import struct
import subprocess
import sys
from pathlib import Path

from aioice import stun

KINDS = {
    stun.Class.REQUEST: "request",
    stun.Class.INDICATION: "indication",
    stun.Class.RESPONSE: "success",
    stun.Class.ERROR: "error",
}
mistakes = 0
counts: dict[str, int] = {}


def expect(holds: bool, what: str) -> None:
    global mistakes
    counts["checks"] = counts.get("checks", 0) + 1
    if not holds:
        mistakes += 1
        print(f"not ok: {what}", file=sys.stderr)


def endpoint(address: tuple[str, int]) -> str:
    return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"


def text(name: str, value: object) -> str:
    """An attribute as the Swift side prints it."""
    if isinstance(value, tuple):
        if name == "ERROR-CODE":
            return f"{name} {value[0]} {value[1]}"
        return f"{name} {endpoint(value)}"
    if isinstance(value, bytes):
        return f"{name} of {len(value)} bytes"
    return name if value is None else f"{name} {value}"


def said(message: stun.Message) -> str:
    head = f"{KINDS[message.message_class]} {message.transaction_id.hex()}"
    return "|".join([head] + [text(*one) for one in message.attributes.items()])


def wrong(password: bytes) -> bytes:
    return password[:-1] + (b"A" if password[-1:] != b"A" else b"B")


# What aioice writes


def generated(chance: random.Random) -> tuple[stun.Message, bytes]:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    def characters(low: int, high: int) -> str:
        return "".join(chance.choice(alphabet) for _ in range(chance.randint(low, high)))

    def address() -> tuple[str, int]:
        port = chance.randint(1, 65535)
        if chance.random() < 0.5:
            return (".".join(str(chance.randint(0, 255)) for _ in range(4)), port)
        # At most one run of zeros, whose place decides how the address is written.
        groups = [chance.choice([0, 0, 1, chance.randint(0, 65535)]) for _ in range(7)]
        import ipaddress

        return (str(ipaddress.IPv6Address(b"".join(struct.pack("!H", g) for g in [0x2001] + groups))), port)

    kind = chance.choice(list(KINDS))
    attributes: dict[str, object] = {}
    if kind == stun.Class.REQUEST:
        attributes["USERNAME"] = f"{characters(4, 20)}:{characters(4, 20)}"
        attributes["PRIORITY"] = chance.randint(0, 2**32 - 1)
        role = chance.choice(["ICE-CONTROLLING", "ICE-CONTROLLED"])
        attributes[role] = chance.randint(0, 2**64 - 1)
        if role == "ICE-CONTROLLING" and chance.random() < 0.5:
            attributes["USE-CANDIDATE"] = None
    elif kind == stun.Class.RESPONSE:
        attributes["XOR-MAPPED-ADDRESS"] = address()
        if chance.random() < 0.3:
            attributes["SOFTWARE"] = characters(1, 40)
            attributes["MAPPED-ADDRESS"] = address()
            attributes["OTHER-ADDRESS"] = address()
    elif kind == stun.Class.ERROR:
        attributes["ERROR-CODE"] = chance.choice(
            [(400, "Bad Request"), (401, "Unauthenticated"), (420, "Unknown Attribute"), (487, "Role Conflict"), (500, "")]
        )
    transaction = bytes(chance.randint(0, 255) for _ in range(12))
    return stun.Message(stun.Method.BINDING, kind, transaction, attributes), characters(22, 32).encode()


def write(folder: Path) -> None:
    chance = random.Random(5769)
    lines = []
    for row in range(2000):
        message, password = generated(chance)
        finding = chance.choice(["right", "right", "wrong", "absent"])
        if finding == "absent":
            if chance.random() < 0.5:
                message.add_fingerprint()
        else:
            message.add_message_integrity(password)
        data = bytes(message)
        key = wrong(password) if finding == "wrong" else password
        lines.append("\t".join([f"theirs-{row}", key.decode(), finding, data.hex(), said(message)]))
    (folder / "theirs.tsv").write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} messages written by aioice {version()}")


def version() -> str:
    from importlib.metadata import version

    return version("aioice")


# What aioice reads


def reread(data: bytes, name: str) -> stun.Message | None:
    """Parses a message and writes it again, which must give the same bytes."""
    try:
        message = stun.parse_message(data)
    except ValueError as error:
        expect(False, f"{name}: aioice refuses {data.hex()}: {error}")
        return None
    expect(bytes(message) == data, f"{name}: written again it is {bytes(message).hex()}, not {data.hex()}")
    return message


def protects(message: stun.Message, data: bytes, password: bytes, name: str) -> None:
    """The right password fits, another does not, and aioice makes the same bytes of it."""
    expect(message.check_message_integrity(password), f"{name}: the integrity is not made with {password!r}")
    expect(not message.check_message_integrity(wrong(password)), f"{name}: another password fits too")
    if "FINGERPRINT" in message.attributes:
        own = {k: v for k, v in message.attributes.items() if k not in ("MESSAGE-INTEGRITY", "FINGERPRINT")}
        made = stun.Message(message.message_method, message.message_class, message.transaction_id, own)
        made.add_message_integrity(password)
        expect(bytes(made) == data, f"{name}: aioice would write {bytes(made).hex()}, not {data.hex()}")


def spoiled(message: stun.Message, data: bytes, password: bytes, name: str) -> None:
    """A flipped bit is noticed by fingerprint or integrity: anywhere before the integrity, whose own header it does not protect."""
    for at in range(0, len(data) - 24 - (8 if "FINGERPRINT" in message.attributes else 0), 7):
        broken = data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]
        try:
            accepted = stun.parse_message(broken).check_message_integrity(password)
        except (ValueError, struct.error):
            accepted = False
        expect(not accepted, f"{name}: byte {at} may be changed")


def read(folder: Path) -> None:
    lines = (folder / "ours.tsv").read_text().splitlines()
    for line in lines:
        name, password, finding, code, attributes = line.split("\t")
        data = bytes.fromhex(code)
        message = reread(data, name)
        if message is None:
            continue
        expect(said(message) == attributes, f"{name}: aioice reads {said(message)}, we say {attributes}")
        expect(("MESSAGE-INTEGRITY" in message.attributes) == (finding == "right"), f"{name}: integrity is to be {finding}")
        if finding == "right":
            protects(message, data, password.encode(), name)
            spoiled(message, data, password.encode(), name)
    expect(len(lines) >= 1000, f"only {len(lines)} messages of ours")
    print(f"{len(lines)} messages of ours read by aioice {version()}")


# Captures


def blocks(data: bytes) -> tuple[list[str], list[tuple[int, bytes]]]:
    """Comments of a pcapng file's section, and its packets with the place of their interface."""
    comments, packets, at = [], [], 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        body = data[at + 8 : at + length - 4]
        if kind == 0x0A0D0D0A:
            options = body[16:]
            while len(options) >= 4:
                code, size = struct.unpack_from("<HH", options)
                if code == 1:
                    comments.append(options[4 : 4 + size].decode())
                options = options[4 + (size + 3) // 4 * 4 :]
        elif kind == 6:
            interface, _, _, kept, _ = struct.unpack_from("<IIIII", body)
            packets.append((interface, body[20 : 20 + kept]))
        at += length
    return comments, packets


def datagram(packet: bytes) -> tuple[tuple[str, str], bytes] | None:
    """Source, destination and payload of a UDP datagram in a raw IP packet."""
    import ipaddress

    if packet[0] >> 4 == 4:
        header, proto, source, target = (packet[0] & 15) * 4, packet[9], packet[12:16], packet[16:20]
    else:
        header, proto, source, target = 40, packet[6], packet[8:24], packet[24:40]
    if proto != 17:
        return None
    ports = struct.unpack_from("!HH", packet, header)
    ends = tuple(endpoint((str(ipaddress.ip_address(a)), p)) for a, p in zip((source, target), ports))
    return ends, packet[header + 8 :]


def is_stun(payload: bytes) -> bool:
    return len(payload) >= 20 and payload[0] < 0x40 and payload[4:8] == struct.pack("!I", stun.COOKIE)


def capture(program: str, folder: Path, scenarios: list[str]) -> None:
    found = {kind: 0 for kind in KINDS.values()}
    for scenario in scenarios:
        file = folder / (Path(scenario).stem + ".pcapng")
        run = subprocess.run([program, "run", scenario, "--no-db", "--capture", str(file)], capture_output=True, text=True)
        expect(run.returncode == 0, f"{scenario}: {run.stderr}")
        comments, packets = blocks(file.read_bytes())
        passwords = dict(c.split()[1:3] for c in comments if c.startswith("ice-pwd "))
        asked: dict[bytes, bytes] = {}
        for row, (_, packet) in enumerate(packets):
            told = datagram(packet)
            if told is None or not is_stun(told[1]):
                continue
            name, data = f"{scenario}, packet {row + 1}", told[1]
            message = reread(data, name)
            if message is None:
                continue
            found[KINDS[message.message_class]] += 1
            if "USERNAME" in message.attributes:
                password = passwords.get(message.attributes["USERNAME"].split(":")[0])
                expect(password is not None, f"{name}: no password is told for {message.attributes['USERNAME']}")
                asked[message.transaction_id] = (password or "").encode()
            if "MESSAGE-INTEGRITY" in message.attributes:
                expect(message.transaction_id in asked, f"{name}: an integrity without a request")
                protects(message, data, asked.get(message.transaction_id, b"?"), name)
        dissected(program, file)
    expect(found["request"] > 100 and found["success"] > 50, f"too few messages in the captures: {found}")
    print(f"{sum(found.values())} STUN messages in captures of {len(scenarios)} scenarios read by aioice: {found}")


def dissected(program: str, file: Path) -> None:
    """What `dissect` says of the same file: every integrity right with the passwords it tells, and with a wrong one none."""
    answer = subprocess.run([program, "dissect", str(file), "--format", "json"], capture_output=True, text=True)
    expect(answer.returncode == 0, f"dissect {file}: {answer.stderr}")
    if answer.returncode != 0:
        return
    trouble = [place["trouble"] for place in json.loads(answer.stdout)["captures"][0]["places"]]
    expect(sum(t["wrong_integrity"] + t["wrong_fingerprints"] + t["malformed"] for t in trouble) == 0, f"{file}: {trouble}")
    expect(sum(t["right_integrity"] for t in trouble) > 0, f"{file}: dissect finds no integrity that is right")


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "write":
        write(Path(rest[0]))
    elif command == "read":
        read(Path(rest[0]))
    elif command == "capture":
        capture(rest[0], Path(rest[1]), rest[2:])
    else:
        sys.exit(f"unknown: {command}")
    if mistakes or command != "write" and not counts.get("checks"):
        sys.exit(f"{mistakes} of {counts.get('checks', 0)} checks failed")
    if command != "write":
        print(f"{counts['checks']} checks passed")
