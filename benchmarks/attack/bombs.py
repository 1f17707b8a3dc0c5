"""Bodies that are small or cheap to send, and large or dear to read."""

import gzip
import io
import random
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from shared.models.signed_file import SignedModel
from shared.models.signing import Signer, new_signer

_MIB = 1024 * 1024
_RANK = b'{"actions":[{"id":"a","features":[{"x":1}]},{"id":"b","features":[{"x":2}]}],%b}'


def _list(item: bytes, size: int) -> bytes:
    return b"[" + b",".join([item] * (size // (len(item) + 1))) + b"]"


def _objects(size: int) -> bytes:
    return b"{" + b",".join(b'"n%d":%d' % (number, number) for number in range(size // 16)) + b"}"


JSON: tuple[Callable[[int], bytes], ...] = (
    lambda size: b"[" * size,
    lambda size: b'{"a":' * (size // 5),
    lambda size: b"[" * 1_000 + b"]" * 1_000 + b" " * size,
    lambda size: _list(b"1", size),
    lambda size: _list(b"[]", size),
    lambda size: _list(b"{}", size),
    lambda size: b'{"a":"' + b"x" * size + b'"}',
    lambda size: b'{"' + b"\\u0000" * (size // 6) + b'":1}',
    lambda size: b'{"a":' + b"9" * size + b"}",
    lambda size: b'{"a":1' + b"e" * 1 + b"9" * size + b"}",
    lambda size: b" " * size,
    lambda size: b'"' + b"\\" * size,
    lambda size: _objects(size),
    lambda size: _RANK % (b'"excludedActions":' + _list(b"1", size)),
    lambda size: _RANK % (b'"excludedActions":' + _list(b'"a"', size)),
    lambda size: _RANK % (b'"contextFeatures":[' + _objects(size) + b"]"),
    lambda size: _RANK % (b'"contextFeatures":[{"a":"' + b"x" * size + b'"}]'),
    lambda size: _RANK % (b'"contextFeatures":[{"' + b"n" * size + b'":1}]'),
    lambda size: _RANK % (b'"contextFeatures":[{"a":' + _list(b"0.5", size) + b"}]"),
    lambda size: b'{"actions":' + _list(b'{"id":"a","features":[{"a":1}]}', size) + b"}",
    lambda size: b'{"actions":[{"id":"a","features":' + _list(b'{"a":1}', size) + b"}]}",
    lambda size: b'{"reward":' + _list(b'{"slotId":"a","value":1}', size) + b"}",
    lambda size: b'{"value":1,"value":' + b"1" * 300 + b"," + b'"value":1,' * (size // 10) + b'"value":1}',
    lambda size: b'{"name":"a","arguments":"--cb_explore_adf ' + b"-q :: " * (size // 6) + b'"}',
    lambda size: b'{"policies":' + _list(b'{"name":"a","arguments":"--cb_explore_adf"}', size) + b"}",
    lambda size: b'{"feature":{"name":"' + b"n" * size + b'","value":1}}',
)
"""JSON of about a size, most of it too much of something."""
_SIZES = (1_000, 10_000, 100_000, 100_000, _MIB, 4 * _MIB - 200, 4 * _MIB + 200)


def json_body(chance: random.Random) -> bytes:
    """One of the JSON bombs."""
    return _json(chance.randrange(len(JSON)), chance.choice(_SIZES))


@cache
def _json(kind: int, size: int) -> bytes:
    return JSON[kind](size)


@cache
def compress_much(kind: str) -> bytes:
    """16 MiB of JSON in 16 kB.

    Args:
        kind: `gzip` or `deflate`, as the header `Content-Encoding` names them.
    """
    text = b'{"a":"' + b"0" * (16 * _MIB) + b'"}'
    return gzip.compress(text, 9, mtime=0) if kind == "gzip" else zlib.compress(text, 9)


def model(chance: random.Random) -> bytes:
    """What an import of a model might get: one of `models`."""
    return chance.choice(models())


@cache
def models() -> tuple[bytes, ...]:
    """Models that are right, archives that unpack to much, and others."""
    plain = tuple(_train(arguments) for arguments in _TRAINED)
    stranger = Signer.read(new_signer("stranger", 0))
    return (
        *plain,
        *(SignedModel(model, stranger.certificate, stranger.sign(model)).pack() for model in plain[:4]),
        b"VW",
        b"",
        b"PK\x05\x06" + b"\x00" * 18,
        _archive({"model.vw": b"\x00" * (200 * _MIB)}),
        _archive({"model.vw": plain[0], "signer.der": b"\x30\x82", "sha512_signature.bin": b"\x01" * 256}),
        _archive({"model.vw": plain[0]}),
        _archive({f"../../{number}": b"" for number in range(2_000)}),
        _archive({"model.vw": _archive({"model.vw": b"\x00" * _MIB})}),
        plain[0][:40] + b"\xff" * 40 + plain[0][80:],
        plain[0] + b"\x00" * (8 * _MIB),
    )


_TRAINED = (
    "--cb_explore_adf --epsilon 0.2 --cb_type mtr -q :: -b 18",
    "--cb_explore_adf --squarecb -q :: -b 10",
    "--cb_explore_adf -b 22",
    "--ccb_explore_adf --epsilon 0.2 --cb_type mtr -q ::",
    "--cb_explore_adf --bag 3",
    "--oaa 3",
    "--cb_explore_adf --nn 3",
)


def _train(arguments: str) -> bytes:
    from vowpalwabbit import Workspace

    with tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder:
        path = Path(folder, "model.vw")
        learner = Workspace(f"--quiet {arguments} -f {path}")
        learner.finish()
        return path.read_bytes()


def _archive(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 9)
    return written.getvalue()
