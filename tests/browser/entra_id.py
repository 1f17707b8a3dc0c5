"""An authority that signs people in, too: by the authorization code flow with PKCE, as Entra ID does."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import override
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.http.authority import AUDIENCE, Authority, Call, Reply

PAGE_CLIENT_ID = "9d5b4b55-0c1f-4a39-8f0c-6a1f0f6f2a77"


class EntraId(Authority):
    """Signs people in at one page, whose application has no secret.

    Attributes:
        refusal: Why nobody is signed in or stays so, as error and description; None if everyone is.
        lasts: For how many seconds the next token is good.
        asked: The forms by which tokens were asked for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.refusal: tuple[str, str] | None = None
        self.lasts = 3600
        self.asked: list[Mapping[str, str]] = []
        self._codes: dict[str, Mapping[str, str]] = {}
        self._refresh_tokens: list[str] = []

    @property
    @override
    def settings(self) -> dict[str, str]:
        return super().settings | {"AUTH_PAGE_CLIENT_ID": PAGE_CLIENT_ID}

    @override
    def answer(self, call: Call) -> Reply:
        address = urlsplit(call.path)
        if address.path == "/authorize":
            return self._authorize(_fields(address.query))
        if address.path == "/token":
            return self._give_token(call.origin, _fields(call.form))
        reply = super().answer(call)
        addresses = {"authorization_endpoint": f"{self.url}/authorize", "token_endpoint": f"{self.url}/token"}
        return Reply({**reply.body, **addresses}, reply.status, {"Access-Control-Allow-Origin": "*"})

    def _authorize(self, asked: Mapping[str, str]) -> Reply:
        assert (asked["client_id"], asked["response_type"]) == (PAGE_CLIENT_ID, "code")
        assert asked["scope"] == f"{AUDIENCE}/.default offline_access"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe()
        self._codes[code] = asked
        given = {"code": code}
        if self.refusal:
            given = dict(zip(("error", "error_description"), self.refusal, strict=True))
        to = f"{asked['redirect_uri']}?{urlencode(given | {'state': asked['state']})}"
        return Reply({}, HTTPStatus.FOUND, {"Location": to})

    def _give_token(self, origin: str | None, asked: Mapping[str, str]) -> Reply:
        """For a code or a refresh token, each of which is good once."""
        self.asked.append(asked)
        cross_origin = {"Access-Control-Allow-Origin": origin or "none"}
        if self.refusal or not self._is_good(origin, asked):
            error, text = self.refusal or ("invalid_grant", "AADSTS70000: The grant is not good.")
            return Reply({"error": error, "error_description": text}, HTTPStatus.BAD_REQUEST, cross_origin)
        self._refresh_tokens.append(secrets.token_urlsafe())
        given = {"access_token": self.token(lasts=self.lasts, jti=self._refresh_tokens[-1]), "expires_in": self.lasts}
        given |= {"token_type": "Bearer", "refresh_token": self._refresh_tokens[-1]}
        return Reply(given, HTTPStatus.OK, cross_origin)

    def _is_good(self, origin: str | None, asked: Mapping[str, str]) -> bool:
        if asked["client_id"] != PAGE_CLIENT_ID or not origin:
            return False
        if asked["grant_type"] == "refresh_token":
            good = asked["refresh_token"] in self._refresh_tokens
            self._refresh_tokens.clear()
            return good
        question = self._codes.pop(asked["code"], None)
        digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return question is not None and (question["code_challenge"], question["redirect_uri"]) == (
            challenge,
            asked["redirect_uri"],
        )


def _fields(form: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(form).items()}
