#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""One user of keys, who does this and that at random; or looks through what was
acknowledged.

usage: worker.py work SEED STORE SECONDS TOLERATED
       worker.py audit STORE

work makes keys, keeps their chains in STORE, and uses, publishes, reseals and
ends them. A chain counts as acknowledged once its file is there under its final
name, with a proof of what the key was: a message that only it opens, or the
public half. TOLERATED are the errnos, by name, that are nobody's fault in this
round; any other is a finding. audit loads every chain of the store and asks for
its proof. Both run as whoever calls them, in the session keyring they find.

The last line says what was done. The status is 1 after a finding, each of which
is a line on stderr.
"""

import ctypes
import errno
import json
import os
import random
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
ADD_KEY, KEYCTL = 248, 250
SESSION = -3
UPDATE, REVOKE, UNLINK, SEARCH, READ, SET_TIMEOUT, INVALIDATE, CLEAR = \
    2, 3, 9, 10, 11, 15, 21, 7
PKEY_ENCRYPT, PKEY_DECRYPT, PKEY_SIGN, PKEY_VERIFY = 25, 26, 27, 28
ROOM = 65536


class Refused(Exception):
    def __init__(self, number):
        # Two names of one number; the documents have the other.
        self.name = errno.errorcode.get(number, str(number)).replace("ENOTSUP", "EOPNOTSUPP")
        super().__init__(self.name)


def call(*args):
    result = LIBC.syscall(*args)
    if result < 0:
        raise Refused(ctypes.get_errno())
    return result


def add(description, payload, kind=b"tkm"):
    return call(ADD_KEY, kind, description, payload, ctypes.c_size_t(len(payload)), SESSION)


def update(key, text):
    call(KEYCTL, UPDATE, key, text, ctypes.c_size_t(len(text)))


def read(key):
    buffer = ctypes.create_string_buffer(ROOM)
    length = call(KEYCTL, READ, key, buffer, ctypes.c_size_t(ROOM))
    return buffer.raw[:length]


class Params(ctypes.Structure):
    _fields_ = [("key", ctypes.c_int32), ("in_len", ctypes.c_uint32),
                ("out_len", ctypes.c_uint32), ("spare", ctypes.c_uint32 * 7)]


def pkey(operation, key, data, words, out=None):
    """The result; with out, a signature to verify."""
    buffer = ctypes.create_string_buffer(out or b"", ROOM)
    params = Params(key, len(data), len(out) if out else 0)
    length = call(KEYCTL, operation, ctypes.byref(params), words, data, buffer)
    return buffer.raw[:length]


def prove(key, kind):
    """What shows later that a key is this one."""
    if kind == "data":
        return pkey(PKEY_ENCRYPT, key, b"it is I", b"enc=gcm").hex()
    return pkey(PKEY_ENCRYPT, key, b"", b"enc=spki").hex()


def check(key, kind, proof):
    if kind == "data":
        good = pkey(PKEY_DECRYPT, key, bytes.fromhex(proof), b"enc=gcm") == b"it is I"
    else:
        good = pkey(PKEY_ENCRYPT, key, b"", b"enc=spki").hex() == proof
        digest = os.urandom(32)
        words = b"hash=sha256 enc=" + (b"x962" if kind == "ec" else b"pss")
        signature = pkey(PKEY_SIGN, key, digest, words)
        pkey(PKEY_VERIFY, key, digest, words, signature)
    if not good:
        raise AssertionError(f"key {key} is not the one it was")


class Store:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def names(self):
        return sorted(name for name in os.listdir(self.folder) if name.endswith(".json"))

    def keep(self, name, record):
        """On disk under its final name, or not at all."""
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w", encoding="ascii") as file:
            json.dump(record, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(path + ".new", path)

    def get(self, name):
        with open(os.path.join(self.folder, name), encoding="ascii") as file:
            return json.load(file)


def with_auth(record, text):
    """The text with auth=, and a key that holds the value."""
    if not record.get("auth"):
        return text
    key = add(b"soak:auth", record["auth"].encode(), b"logon")
    return text + b" auth=%d" % key


def load(record):
    description = record["description"].encode()
    return add(description, with_auth(record, b"load " + record["chain"].encode()))


class Worker:
    KINDS = (("data", "new use=publish,crypt len=64"),
             ("data", "new use=publish,crypt pcrs=16"),
             ("data", "new use=publish,crypt"),
             ("ec", "new ec"), ("ec", "new ec curve=p384 pcrs=16"),
             ("rsa", "new rsa"))
    TARGETS = ("logon:soak:{}", "encrypted:soak{}", "fscrypt-provisioning:soak{}",
               "encrypted:{:016x} format=ecryptfs derive=e",
               "user:soak{} reveal=every-possessor-can-read-it derive=u")

    def __init__(self, seed, store, tolerated):
        self.random = random.Random(seed)
        self.store = store
        self.tolerated = tolerated
        self.live = {}      # serial number: name in the store
        self.done = {}
        self.findings = 0
        self.tag = f"{seed}"

    def any_live(self):
        return self.random.choice(sorted(self.live)) if self.live else None

    def make(self):
        kind, text = self.random.choices(self.KINDS, (8, 4, 8, 6, 2, 1))[0]
        name = f"{self.tag}-{len(self.done)}-{sum(self.done.values())}.json"
        record = {"description": f"soak{self.random.randrange(3)}:{name}", "kind": kind}
        if self.random.random() < 0.2:
            record["auth"] = "secret"
        key = add(record["description"].encode(), with_auth(record, text.encode()))
        record["chain"] = read(key).decode()
        record["proof"] = prove(key, kind)
        self.store.keep(name, record)
        self.live[key] = name

    def come_back(self):
        names = self.store.names()
        if not names:
            return
        name = self.random.choice(names)
        record = self.store.get(name)
        key = load(record)
        check(key, record["kind"], record["proof"])
        self.live[key] = name

    def use(self):
        key = self.any_live()
        if key:
            record = self.store.get(self.live[key])
            check(key, record["kind"], record["proof"])

    def publish(self):
        key = self.any_live()
        if not key or self.store.get(self.live[key])["kind"] != "data":
            return
        target = self.random.choice(self.TARGETS).format(self.random.randrange(8))
        derive = "" if "derive" in target else " derive=x"
        update(key, f"publish {target}{derive}".encode())
        if self.random.random() < 0.5:
            update(key, b"unpublish")

    def reseal(self):
        key = self.any_live()
        if not key:
            return
        name = self.live[key]
        record = self.store.get(name)
        if record["kind"] != "data":
            return
        update(key, with_auth(record, b"reseal"))
        record["chain"] = read(key).decode()
        self.store.keep(name, record)

    def end(self):
        key = self.any_live()
        if not key:
            return
        del self.live[key]
        how = self.random.randrange(4)
        if how == 0:
            call(KEYCTL, REVOKE, key)
        elif how == 1:
            call(KEYCTL, INVALIDATE, key)
        elif how == 2:
            call(KEYCTL, SET_TIMEOUT, key, 1)
        try:
            call(KEYCTL, UNLINK, key, SESSION)
        except Refused as refusal:
            # The collector may have been there first.
            if refusal.name not in ("ENOENT", "ENOKEY"):
                raise

    def clear(self):
        self.live = {}
        call(KEYCTL, CLEAR, SESSION)

    def nonsense(self):
        payload = bytes(self.random.randrange(256) for _ in range(self.random.randrange(1, 400)))
        if self.random.random() < 0.5 and self.store.names():
            chain = bytearray(bytes.fromhex(
                self.store.get(self.random.choice(self.store.names()))["chain"]))
            chain[self.random.randrange(len(chain))] ^= 1 << self.random.randrange(8)
            payload = bytes(chain)
        try:
            key = add(b"soak:nonsense", payload)
        except Refused as refusal:
            if refusal.name in ("EINVAL", "EBADMSG", "EOPNOTSUPP", "ENOKEY", "EPERM",
                                "EKEYREJECTED", "E2BIG", "EKEYEXPIRED"):
                return
            raise
        raise AssertionError(f"nonsense became key {key}")

    def once(self):
        action = self.random.choices(
            (self.make, self.come_back, self.use, self.publish, self.reseal, self.end,
             self.clear, self.nonsense), (10, 12, 12, 8, 3, 14, 1, 3))[0]
        self.done[action.__name__] = self.done.get(action.__name__, 0) + 1
        try:
            action()
        except Refused as refusal:
            # What ended by itself, or is there already, is no finding.
            if refusal.name in ("EKEYREVOKED", "EKEYEXPIRED", "EEXIST", "EDQUOT"):
                self.live = {k: v for k, v in self.live.items() if self.is_there(k)}
            elif refusal.name not in self.tolerated:
                self.finding(action, refusal)
        except AssertionError as broken:
            self.finding(action, broken)

    def is_there(self, key):
        try:
            read(key)
        except Refused:
            return False
        return True

    def finding(self, action, what):
        self.findings += 1
        print(f"worker {self.tag}: {action.__name__}: {what}", file=sys.stderr, flush=True)

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.once()
        call(KEYCTL, CLEAR, SESSION)
        print(" ".join(f"{name}={count}" for name, count in sorted(self.done.items())))
        return 1 if self.findings else 0


def audit(store):
    """Every acknowledged chain loads, and is the key it was."""
    bad = 0
    for name in store.names():
        record = store.get(name)
        try:
            key = load(record)
            check(key, record["kind"], record["proof"])
            call(KEYCTL, UNLINK, key, SESSION)
        except (Refused, AssertionError) as what:
            print(f"audit {name}: {what}", file=sys.stderr, flush=True)
            bad += 1
    call(KEYCTL, CLEAR, SESSION)
    print(f"{len(store.names())} chains")
    return 1 if bad else 0


def main():
    if len(sys.argv) == 6 and sys.argv[1] == "work":
        tolerated = set(filter(None, sys.argv[5].split(",")))
        sys.exit(Worker(sys.argv[2], Store(sys.argv[3]), tolerated).run(float(sys.argv[4])))
    if len(sys.argv) == 3 and sys.argv[1] == "audit":
        sys.exit(audit(Store(sys.argv[2])))
    sys.exit(__doc__.strip())


if __name__ == "__main__":
    main()
