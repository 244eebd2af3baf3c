"""Checks an exported audit log of keyctl without keyctl: python3 verify-audit.py LOG DATABASE_ID [CHECKPOINTS VKEY...]
LOG: keyctl audit export --format ndjson, all of it, from row 1. CHECKPOINTS: signed notes (c2sp.org/tlog-checkpoint), one or
more; VKEY: the public keys that count. Exit 0: consistent, or complete up to the newest checkpoint. Exit 7: anything else."""
import base64, hashlib, json, re, sys

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # Ed25519, RFC 8032 section 5.1
D, NOTE = -121665 * pow(121666, -1, P) % P, rb"(([^\n]+)\n(0|[1-9]\d{0,15})\n([^\n]+)\n)\n((?:\xe2\x80\x94 [^\s+]+ \S+\n)+)"
COLUMNS = "seq at operation_id action key_id family_id incident_id actor_db actor_os actor_claimed host reason".split()

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
def signed(key, text, signature):
    r, s, a = point_of(signature[:32]), int.from_bytes(signature[32:], "little"), point_of(key)
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % L
    return len(signature) == 64 and s < L and None not in (r, a) and times(s, point_of(b"\x58" + b"\x66" * 31)) == add(r, times(k, a))
def decoded(text):
    value = base64.b64decode(text)
    return value if base64.b64encode(value) == text else fail("a checkpoint holds what is no base64")
def fail(why):
    sys.exit(print(why) or 7)

def checkpoints_in(file, origin, keys):
    if not file or re.sub(NOTE, b"", file): fail("malformed checkpoint")
    for text, name, size, root, signatures in re.findall(NOTE, file):
        if name.decode() != origin or len(decoded(root)) != 32: fail(f"a checkpoint that is not of {origin}")
        known = [(key, decoded(value)) for who, value in (line[4:].split(b" ") for line in signatures.splitlines())
                 for named, key in keys if named == who and hashlib.sha256(who + b"\n" + key).digest()[:4] == decoded(value)[:4]]
        if not known: fail(f"checkpoint {int(size)}: no signature by a known key")
        if not all(signed(key[1:], text, value[4:]) for key, value in known): fail(f"checkpoint {int(size)}: the signature does not fit")
        yield int(size), decoded(root)
if len(sys.argv) < 3: fail(__doc__)
log, database_id, file, *vkeys = [*sys.argv[1:], None][:max(3, len(sys.argv) - 1)]
keys = [(name, decoded(key)) for name, _, key in (vkey.encode().split(b"+", 2) for vkey in vkeys)]
points = dict(checkpoints_in(open(file, "rb").read(), "keyctl/audit/" + database_id, keys)) if file else {}
seq, head = 0, hashlib.sha256(b"keyctl audit v1\n" + database_id.encode()).digest()
if points.get(0, head) != head: fail("broken: the checkpoint of an empty log is of another database")
for line in open(log, "rb"):
    row = json.loads(line)
    if row["seq"] != seq + 1: fail(f"broken at seq {min(row['seq'], seq + 1)}: a row is missing, or one too many")
    if row["prev_hash"] != head.hex(): fail(f"broken at seq {seq + 1}: not linked to the row before")
    head, seq = hashlib.sha256(head + row["record"].encode()).digest(), seq + 1
    if row["hash"] != head.hex(): fail(f"broken at seq {seq}: the hash is not that of the record")
    if any(row[name] != json.loads(row["record"])[name] for name in COLUMNS): fail(f"broken at seq {seq}: a column was changed")
    if points.get(seq, head) != head: fail(f"broken at or before seq {seq}: not what its checkpoint says")
if max(points, default=0) > seq: fail(f"behind: the log ends at {seq}, a checkpoint knows {max(points)}")
print(f"complete up to checkpoint {max(points)}" if points else "consistent; completeness is not proven", f"- {seq} rows, head {head.hex()}")
