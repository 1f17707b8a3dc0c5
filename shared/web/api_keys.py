"""Callers' rights: a call needs a key of the deployment, a key of the loop, or a bearer token of the tenant.

Each has a role, and each operation asks for one.
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from azure.functions import HttpRequest

from shared.access import loop_keys
from shared.access.loop_keys import LoopKey
from shared.access.role import Role
from shared.errors import UnknownLoop
from shared.settings import settings
from shared.storage.paths import DEFAULT, this_loop
from shared.web import bearer_tokens, callers
from shared.web.errors import NotAllowed, NotAuthorized

KEY_HEADER = "Ocp-Apim-Subscription-Key"
_TOKEN_ROLES = frozenset({Role.RANK.value, Role.READ.value, Role.ADMIN.value})
_BY_STRENGTH = list(Role)
_WITHOUT_ROLES = "https://cognitiveservices.azure.com"
"""The audience for which unchanged clients of the old service ask. It is Microsoft's own application, to which nobody
can add roles: its tokens open everything."""


class LoopAccess(Protocol):
    """What is known of the loop that is called."""

    async def check_loop(self) -> None:
        """Check that there is the loop.

        Raises:
            UnknownLoop: There is none.
        """

    async def find_key(self, text: str) -> LoopKey | None:
        """Find the key of the loop that a text is; None if it is none.

        Raises:
            UnknownLoop: There is no such loop.
            ExpiredKey: The key's time is over.
        """


async def check_caller(req: HttpRequest, wanted: Role, access: LoopAccess) -> None:
    """Let a caller pass whose key or token has a role; note who that is.

    Only to callers with a key of the deployment, or a token, it is told that there is no such loop.

    Raises:
        NotAuthorized: The call has neither key nor valid token; the text says what is wrong with the token.
        NotAllowed: The key or the token has another role.
        UnknownLoop: There is no such loop.
        SigningKeysAway: The call has a token that cannot be checked now.
    """
    sent = req.headers.get(KEY_HEADER, "")
    if (owner_key := _find_owner_key(sent)) is not None:
        callers.note(owner_key, Role.OWNER)
    elif loop_keys.split(sent) is not None:
        callers.note(*await _identify_by_loop_key(sent, access, wanted))
        return  # there is the loop, since it has the key
    else:
        caller, roles = await _identify_by_token(req)
        callers.note(caller, _choose_role(caller, roles, wanted))
    if this_loop().name != DEFAULT:
        await access.check_loop()


def challenge() -> str:
    """Write the header `WWW-Authenticate`: what a refused caller should send."""
    key = f'ApiKey realm="rankloop", name="{KEY_HEADER}", in="header"'
    tokens = settings().tokens
    if tokens is None:
        return key
    return f'{key}, Bearer realm="rankloop", authorization_uri="{tokens.authority}/{tokens.tenant}"'


def _find_owner_key(sent: str) -> str | None:
    """Name the deployment's key that was sent; every key is compared in full, so that time reveals nothing."""
    text = sent.encode("utf-8", "replace")
    matches = [name for name, key in settings().api_keys.items() if hmac.compare_digest(text, key.encode())]
    return matches[0] if matches else None


def _choose_role(caller: str, roles: Sequence[Role], wanted: Role) -> Role:
    """Give the strongest of the roles that allow what is wanted."""
    allowing = [role for role in roles if role.allows(wanted)]
    if not allowing:
        raise NotAllowed(caller, wanted)
    return max(allowing, key=_BY_STRENGTH.index)


async def _identify_by_loop_key(sent: str, access: LoopAccess, wanted: Role) -> tuple[str, Role]:
    try:
        key = await access.find_key(sent)
    except UnknownLoop:
        raise NotAuthorized from None
    if key is None:
        raise NotAuthorized
    caller, role = f"key {key.name}", key.allowed_role
    if role is None or not role.allows(wanted):
        raise NotAllowed(caller, wanted)
    return caller, role


async def _identify_by_token(req: HttpRequest) -> tuple[str, Sequence[Role]]:
    tenant, (scheme, _, token) = settings().tokens, req.headers.get("authorization", "").partition(" ")
    if tenant is None or scheme.lower() != "bearer":
        raise NotAuthorized
    claims = await bearer_tokens.check(token.strip(), tenant)
    return callers.of_token(claims), [Role.OWNER] if tenant.audience == _WITHOUT_ROLES else _roles_of(claims)


def _roles_of(claims: Mapping[str, Any]) -> list[Role]:
    """The roles of a token for this loop: app roles such as `rank`, for all loops, or `rank.news`, for the loop `news`.

    Whoever administers all loops may make and delete loops.

    Source: the claim `roles` of Entra ID's access tokens.
    """
    roles = claims.get("roles")
    texts = [text for text in roles if isinstance(text, str)] if isinstance(roles, list) else []
    own = f".{this_loop().name}"
    of_all = [Role.OWNER if text == Role.ADMIN else Role(text) for text in texts if text in _TOKEN_ROLES]
    of_loop = [Role(name) for text in texts if text.endswith(own) and (name := text.removesuffix(own)) in _TOKEN_ROLES]
    return of_all + of_loop
