"""Having the app read its references to Key Vault again.

The platform reads them when the app is made. The role that it needs is then a minute old, may have no effect yet, and a
reference that could not be read is tried again only after hours.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from urllib.parse import quote

from deployment import azd
from deployment.calls import Unreachable, ask
from deployment.management import MANAGEMENT, SCOPE
from localhost.setup.programs import CannotSetUp, say

NOT_RESOLVED = "it is a Key Vault reference that was not resolved"
"""What the app says of itself then."""
_SHARE_WAITED = 0.15
_NAMED = ("AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "RANKLOOP_FUNCTION_APP")
_SITE = "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Web/sites/{}"
_STEPS = ("config/configreferences/appsettings/refresh", "restart")
_VERSION = "api-version=2022-03-01"


class Rereading:
    """Done once, if the app keeps saying that a reference was not resolved, and azd's environment names the app."""

    def __init__(self, environment: Mapping[str, str], seconds: float) -> None:
        """Take how long the whole check may wait; 45 seconds of five minutes are left to the platform itself."""
        self._environment = environment
        self._after = seconds * _SHARE_WAITED
        self._since: float | None = None
        self._is_over = not all(environment.get(name) for name in _NAMED)

    def follow_up(self, symptom: str) -> None:
        """Take what the app says now, and act if that has not changed for long enough."""
        now = time.monotonic()
        if NOT_RESOLVED not in symptom:
            self._since = None
        elif self._since is None:
            self._since = now
        elif now - self._since >= self._after and not self._is_over:
            self._is_over = True
            self._reread()

    def _reread(self) -> None:
        problem = self._trouble()
        if problem:
            say(f"  the app could not be told to read its references to Key Vault again: {problem}")
        else:
            say("  the app was told to read its references to Key Vault again, and to restart")

    def _trouble(self) -> str:
        """Do it, and give what went wrong; that is no reason to end the check, which would have waited anyway."""
        site = _SITE.format(*(quote(self._environment[name], safe="") for name in _NAMED))
        try:
            headers = {"Authorization": f"Bearer {azd.token(SCOPE, self._environment)}"}
            for step in _STEPS:
                answer = ask("POST", f"{MANAGEMENT}{site}/{step}?{_VERSION}", headers)
                if answer.status >= 300:
                    return f"{step.rpartition('/')[2]} was answered {answer.summary()}"
        except Unreachable as error:
            return f"Azure's management service cannot be reached: {error}"
        except CannotSetUp as problem:
            return next(line for line in str(problem).splitlines() if not line.startswith(" "))
        return ""
