"""The keys of a loop: made once, shown once, and stored so that nobody can read them.

A key is a text such as `rankloop-0b1c…-77f0…`: an id, by which its entry is found, and a secret of 256 bits.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shared.access.role import Role
from shared.stored_objects import StoredObject

MOST_KEYS: Final = 50
"""As many as a loop may have at a time."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_KEY: Final = re.compile(r"rankloop-([0-9a-f]{12})-([0-9a-f]{64})", re.ASCII)
_ROLES: Final = {role.value: role for role in Role}
_ID_BYTES, _SECRET_BYTES, _SALT_BYTES = 6, 32, 16
_SCRYPT: Final = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
"""The cost of one check, 16 MiB and some 50 ms. Source: RFC 7914, 2, and OWASP's sheet on storing passwords."""

type Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class LoopKey(StoredObject):
    """A key as it is stored.

    Attributes:
        id: The part of the key by which its entry is found; no secret.
        name: What its holder is called, in the history of settings too.
        role: A `Role`; versions to come may have others.
        salt: Of the digest, in hexadecimal digits.
        digest: What scrypt makes of the secret, in hexadecimal digits.
        expires_us: When it ceases to be taken; None for never.
    """

    id: str
    name: str
    role: str
    salt: str
    digest: str
    created_us: int
    expires_us: int | None = None

    def is_over(self, now_us: int) -> bool:
        """Whether it is taken no more at a moment."""
        return self.expires_us is not None and self.expires_us <= now_us

    @property
    def allowed_role(self) -> Role | None:
        """Its role; None if this version does not have it."""
        return _ROLES.get(self.role)


def make(name: str, role: Role, now_us: int, expires_us: int | None, random: Random) -> tuple[LoopKey, str]:
    """Make a key: what is stored of it, and the text that its holder sends, which is nowhere else.

    Args:
        random: Gives so many bytes that nobody can guess.
    """
    key_id, secret, salt = random(_ID_BYTES).hex(), random(_SECRET_BYTES).hex(), random(_SALT_BYTES).hex()
    digest = digest_of(secret, salt)
    return LoopKey(key_id, name, role.value, salt, digest, now_us, expires_us), f"rankloop-{key_id}-{secret}"


def split(text: str) -> tuple[str, str] | None:
    """Read id and secret of a key; None if the text has not the form of one."""
    match = _KEY.fullmatch(text)
    return (match[1], match[2]) if match else None


def digest_of(secret: str, salt: str) -> str:
    """Derive what is stored of a secret; takes 16 MiB and some 50 ms, in which other threads go on."""
    return hashlib.scrypt(secret.encode(), salt=bytes.fromhex(salt), **_SCRYPT).hex()


def check_name(name: str) -> str:
    """Give the name of a key, if it is one.

    Raises:
        ValueError: It is none; tells what a name must be.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            "a key's name has 1 to 64 letters, digits, dots, hyphens and underscores, and begins with a letter or digit"
        )
    return name
