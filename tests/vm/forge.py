#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Files of tkm platform as somebody would forge them.

usage: forge.py swap IN N FILE OUT     the Nth OCTET STRING (from 1) is FILE's bytes
       forge.py ak IN KEY.pem OUT [ATTRIBUTES]
                                       the attestation key is one of OpenSSL's, and has
                                       signed all of it; TKMRK has these attributes (hex)
"""

import base64
import hashlib
import re
import subprocess
import sys


def read_pem(name):
    with open(name, encoding="ascii") as file:
        text = file.read()
    label = re.match(r"-----BEGIN (.*)-----", text).group(1)
    return label, base64.b64decode("".join(text.splitlines()[1:-1]))


def write_pem(name, label, der):
    text = base64.b64encode(der).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    with open(name, "w", encoding="ascii") as file:
        file.write("\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]))


def decode(der):
    """A list of [tag, bytes or list]."""
    out = []
    while der:
        tag, n, at = der[0], der[1], 2
        if n & 0x80:
            at += n & 0x7f
            n = int.from_bytes(der[2:at], "big")
        content = der[at:at + n]
        out.append([tag, decode(content) if tag == 0x30 else content])
        der = der[at + n:]
    return out


def encode(items):
    out = b""
    for tag, content in items:
        if tag == 0x30:
            content = encode(content)
        n = len(content)
        length = bytes([n]) if n < 128 else None
        if length is None:
            size = (n.bit_length() + 7) // 8
            length = bytes([0x80 | size]) + n.to_bytes(size, "big")
        out += bytes([tag]) + length + content
    return out


def octets(items):
    for item in items:
        if item[0] == 0x04:
            yield item
        elif item[0] == 0x30:
            yield from octets(item[1])


def swap(source, number, name, target):
    label, der = read_pem(source)
    items = decode(der)
    with open(name, "rb") as file:
        list(octets(items))[int(number) - 1][1] = file.read()
    write_pem(target, label, encode(items))


def run(*args, data=None):
    return subprocess.run(args, input=data, check=True, stdout=subprocess.PIPE).stdout


def tpm2b(data):
    return len(data).to_bytes(2, "big") + data


def name_of(area):
    return b"\x00\x0b" + hashlib.sha256(area).digest()


def forge_ak(source, key, target, attributes=None):
    label, der = read_pem(source)
    items = decode(der)
    body, attest, signature = items[0][1]
    ak, tkmrk = body[1][2], body[1][3]
    # The point is what a public key ends with.
    point = run("openssl", "pkey", "-in", key, "-pubout", "-outform", "DER")[-64:]
    ak[1] = ak[1][:-68] + tpm2b(point[:32]) + tpm2b(point[32:])
    if attributes:
        tkmrk[1] = tkmrk[1][:4] + bytes.fromhex(attributes) + tkmrk[1][8:]
    about = hashlib.sha256(b"tkm platform v1\0" + encode([body])).digest()
    signer = name_of(b"")[:2] + hashlib.sha256(b"\x40\x00\x00\x0b" + name_of(ak[1])).digest()
    # magic, type; qualifiedSigner, extraData; clock and firmware; name, qualified name
    old = attest[1]
    clock = old[6 + 36 + 34:][:25]
    attest[1] = (old[:6] + tpm2b(signer) + tpm2b(about) + clock
                 + tpm2b(name_of(tkmrk[1])) + tpm2b(name_of(b"")))
    pair = decode(run("openssl", "dgst", "-sha256", "-sign", key, data=attest[1]))[0][1]
    numbers = [tpm2b(number.lstrip(b"\0").rjust(32, b"\0")) for _, number in pair]
    signature[1] = b"\x00\x18\x00\x0b" + b"".join(numbers)
    write_pem(target, label, encode(items))


def main():
    if len(sys.argv) == 6 and sys.argv[1] == "swap":
        swap(*sys.argv[2:])
    elif len(sys.argv) in (5, 6) and sys.argv[1] == "ak":
        forge_ak(*sys.argv[2:])
    else:
        sys.exit(__doc__)


main()
