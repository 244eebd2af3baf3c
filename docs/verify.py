"""Checks a keyctl key in a gateway. Any DB-API connection whose login is in the role keyctl_gateway, for example psycopg's."""
import hashlib, hmac, re, zlib

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FORM = re.compile("[a-z][a-z0-9]*(?:_[a-z0-9]+)*_([0-9A-Za-z]{12})[0-9A-Za-z]{46}([0-9A-Za-z]{6})")
ASK = """select key_id, salt, verifier, digest, hash_scheme, keyctl.decide(key_id, null, %s::inet, %s, %s, %s, %s)
         from keyctl.verification(%s)"""


def verify(connection, token, ip=None, scope=None, workspace=None, model=None, feature=None):
    """Answers (decision, key id): 'ok', or the first thing against the key. The token itself goes into no query."""
    text = token.encode()
    form = FORM.fullmatch(token) if len(token) <= 32 + 65 else None
    if form and form[2] != "".join(DIGITS[zlib.crc32(text[:-6]) // 62**n % 62] for n in (5, 4, 3, 2, 1, 0)):
        return "checksum", None
    digest = hashlib.sha256(text)
    lookup = "key_" + form[1] if form else "sha256:" + digest.hexdigest()
    cursor = connection.cursor()
    cursor.execute(ASK, (ip, scope, workspace, model, feature, lookup))
    key_id, salt, verifier, stored, scheme, decision = cursor.fetchone() or (None,) * 6
    if scheme not in (1, None):
        raise NotImplementedError("this key is stored in a way that only a newer verify.py knows")
    by_digest = not form or verifier is None and stored is not None  # also of imported keys that have the form of ours
    proof = stored if by_digest else verifier
    # HKDF-SHA-256 (RFC 5869) of 32 bytes is these two steps. What is missing is compared all the same.
    extracted = hmac.digest(bytes(salt or bytes(16)), text, "sha256")
    own = digest.digest() if by_digest else hmac.digest(extracted, b"keyctl/v1\1", "sha256")
    if not hmac.compare_digest(own, bytes(proof or bytes(32))) or proof is None:
        return ("unknown" if form else "malformed"), None
    return decision, key_id
