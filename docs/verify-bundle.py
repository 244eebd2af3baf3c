"""Checks the evidence of an incident, as keyctl incidents bundle seals it, without keyctl: python3 verify-bundle.py FILE VKEY...
VKEY: the public keys that count (NAME+ID+BASE64), had from somewhere else than from the bundle; - leaves out who signed it.
Every byte of FILE has to be accounted for: the tar's own, each part's by its SHA-256 in MANIFEST, MANIFEST's by its signature.
Then the audit log in it: each row linked to the one before, up to the signed checkpoint; and the timeline, which has to be the
rows of that log. Exit 0: all of it. Exit 7: anything else, in one line. Exit 2: wrong use. Needs Python 3.8, nothing else."""
import base64, calendar, hashlib, json, os, re, sys, time

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # Ed25519, RFC 8032 section 5.1
D = -121665 * pow(121666, -1, P) % P
SIGNED = rb"\n((?:\xe2\x80\x94 [^\s+]+ \S+\n)+)"  # c2sp.org/signed-note
MANIFEST = rb"(keyctl/bundle/([0-9a-f-]{36})\n(INC-[1-9]\d*)\n(\d{4}(?:-\d\d){2}T(?:\d\d:){2}\d\dZ)\n((?:[0-9a-f]{64} \d+ [\w.]+\n)+))"
CHECKPOINT = rb"(([^\n]+)\n(0|[1-9]\d{0,15})\n([^\n]+)\n)"  # c2sp.org/tlog-checkpoint
COLUMNS = "seq at operation_id action key_id family_id incident_id actor_db actor_os actor_claimed host reason".split()
CHUNK = 1 << 20

def add(a, b):
    t = D * a[0] * a[1] * b[0] * b[1]
    return (a[0] * b[1] + a[1] * b[0]) * pow(1 + t, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P
def times(n, point):
    total = (0, 1)
    while n:
        total, point, n = add(total, point) if n & 1 else total, add(point, point), n >> 1
    return total
def point_of(encoded):
    number = int.from_bytes(encoded, "little")
    y, odd = number % 2**255, number >> 255
    u, v = y * y - 1, D * y * y + 1
    x = u * v**3 * pow(u * v**7, (P - 5) // 8, P) % P
    x = x if (v * x * x - u) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    ok = y < P and (v * x * x - u) % P == 0 and not (x == 0 and odd)
    return (x if x & 1 == odd else P - x, y) if ok else None
def fits(key, text, signature):
    r, s, a = point_of(signature[:32]), int.from_bytes(signature[32:], "little"), point_of(key)
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % L
    return len(signature) == 64 and s < L and None not in (r, a) and times(s, point_of(b"\x58" + b"\x66" * 31)) == add(r, times(k, a))
def decoded(text):
    value = base64.b64decode(text)
    return value if base64.b64encode(value) == text else fail("what should be base64 is not")
def fail(why):
    print(why)
    sys.exit(7)

def signer_of(what, text, signatures, keys):
    """The name of a known key that signed it; signatures of other keys say nothing."""
    known = [(key, who, decoded(value)) for who, value in (line[4:].split(b" ") for line in signatures.splitlines())
             for named, key in keys if named == who and hashlib.sha256(who + b"\n" + key).digest()[:4] == decoded(value)[:4]]
    if not known: fail(f"{what}: no signature by a known key")
    if not all(fits(key[1:], text, value[4:]) for key, _, value in known): fail(f"{what}: the signature does not fit")
    return known[0][1].decode()

def header_of(name, size, mtime):
    """The one header that keyctl writes for such a file (POSIX ustar)."""
    length = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    before = name.ljust(100, b"\0") + b"0000600\0" + b"0000000\0" * 2 + length + b"%011o\0" % mtime
    after = b"0" + bytes(100) + b"ustar\x0000" + bytes(64) + b"0000000\0" * 2 + bytes(167)
    return before + b"%06o\0 " % sum(before + b" " * 8 + after) + after
def parts_in(file):
    """Name, where it begins and how long it is, of each file of the tar; and that nothing else is in it."""
    parts, at, end = [], 0, os.fstat(file.fileno()).st_size
    while True:
        file.seek(at)
        header = file.read(512)
        if len(header) < 512: fail("the tar is cut off")
        if header == bytes(512): break
        size = int.from_bytes(header[125:136], "big") if header[124] == 0x80 else int(header[124:135], 8)
        parts.append((header[:100].rstrip(b"\0"), at + 512, size, header))
        file.seek(at + 512 + size)
        if any(file.read(-size % 512)): fail("the tar holds bytes between its files")
        at += 512 + size + -size % 512
    file.seek(at)
    if end != at + 1024 or any(file.read()): fail("the tar does not end where it should")
    return parts
def sum_of(file, start, size):
    digest = hashlib.sha256()
    file.seek(start)
    while size > 0 and (piece := file.read(min(size, CHUNK))):
        digest.update(piece)
        size -= len(piece)
    return digest.hexdigest()
def lines_of(file, start, size):
    file.seek(start)
    while size > 0:
        line = file.readline()
        size -= len(line)
        if not line.endswith(b"\n") or size < 0: fail("a row has no end")
        yield line

def chain_in(lines, incident):
    """The first seq, the last, its hash, and what the log says of the incident."""
    first = seq = head = None
    told = {}
    for line in lines:
        row = json.loads(line)
        if type(row["seq"]) is not int: fail("audit.ndjson: a row without a number")
        first = row["seq"] if first is None else first
        seq, expected = row["seq"], first if seq is None else seq + 1
        if seq != expected: fail(f"audit.ndjson: broken at {min(seq, expected)}: a row is missing, or one too many")
        if head not in (None, row["prev_hash"]): fail(f"audit.ndjson: broken at {seq}: not linked to the row before")
        head = hashlib.sha256(bytes.fromhex(row["prev_hash"]) + row["record"].encode()).hexdigest()
        if row["hash"] != head: fail(f"audit.ndjson: broken at {seq}: the hash is not that of the record")
        record = json.loads(row["record"])
        if any(row[name] != record[name] for name in COLUMNS): fail(f"audit.ndjson: broken at {seq}: a column was changed")
        if row["incident_id"] == incident: told[seq] = row["action"]
    return first, seq, head, told

def check(file, keys):
    parts = parts_in(file)
    name, start, size, _ = parts[-1] if parts else fail("the tar is empty")
    file.seek(start)
    note = re.fullmatch(MANIFEST + b"(?:" + SIGNED + b")?", file.read(size)) if size < CHUNK else None
    if not note: fail("there is no MANIFEST at the end, or it is malformed")
    text, database, incident, made, listed, signatures = note.groups()
    if keys and signatures is None: fail("it is not signed")
    signer = signer_of("MANIFEST", text, signatures, keys) if keys else None
    mtime = calendar.timegm(time.strptime(made.decode(), "%Y-%m-%dT%H:%M:%SZ"))
    wanted = [line.split(b" ") for line in listed.splitlines()]
    names = [incident + b"/" + part for _, _, part in wanted] + [incident + b"/MANIFEST"]
    if [part for part, *_ in parts] != names or len(set(names)) < len(names): fail("the parts are not those that MANIFEST lists")
    if any(header != header_of(part, length, mtime) for part, _, length, header in parts): fail("a tar header was changed")
    at = {}
    for (digest, length, part), (_, begins, found, _) in zip(wanted, parts):
        if found != int(length) or sum_of(file, begins, found) != digest.decode(): fail(f"{part.decode()}: not what MANIFEST says")
        at[part.decode()] = begins, found
    first, last, head, told = chain_in(lines_of(file, *at["audit.ndjson"]), incident.decode())
    rows = {row["seq"]: row["action"] for row in map(json.loads, lines_of(file, *at["timeline.ndjson"]))}
    if rows != told: fail("timeline.ndjson: not what the audit log says of the incident")
    if signatures is not None: at_checkpoint(file, at["checkpoint"], database, (last, head), keys)
    events = sum(1 for _ in lines_of(file, *at["usage.ndjson"]))
    ends = f"audit rows {first} to {last}" + (" end at its checkpoint" if signatures is not None else "; no checkpoint")
    return f"{incident.decode()}: whole, {f'signed by {signer}' if signer else 'who signed it was not checked'} - {ends}, {events} events, {len(wanted)} parts"
def at_checkpoint(file, part, database, end, keys):
    file.seek(part[0])
    note = re.fullmatch(CHECKPOINT + SIGNED, file.read(part[1]))
    if not note or note[2] != b"keyctl/audit/" + database: fail("checkpoint: malformed, or of another log")
    if keys: signer_of("checkpoint", note[1], note[5], keys)
    if (int(note[3]), decoded(note[4]).hex()) != end: fail("audit.ndjson: does not end where the checkpoint says")

if len(sys.argv) < 3:
    print(__doc__)
    sys.exit(2)
try:
    vkeys = [vkey.encode().split(b"+", 2) for vkey in sys.argv[2:] if vkey != "-"]
    with open(sys.argv[1], "rb") as bundle:
        print(check(bundle, [(vkey[0], decoded(vkey[2])) for vkey in vkeys]))
except OSError as error:
    fail(f"{sys.argv[1]}: {error.strerror}")
except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
    fail("malformed")
