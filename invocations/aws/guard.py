"""Time limit and circuit breaker for every call to AWS.

While a service is unavailable, calls fail immediately with StoreUnavailable, and a thread probes it every
PROBE_SECONDS so that no request has to.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from invocations.resilience import deadline
from invocations.resilience.breaker import Breaker, State
from invocations.resilience.unavailable import StoreUnavailable

from .connections import bound_connections

log = logging.getLogger(__name__)

FAILURES = 3
"""Consecutive failed tries, across calls, after which a service counts as unavailable."""
PROBE_SECONDS = 2.0
OPEN_SECONDS = 30.0
"""After this long a call may try the service itself, in case the probe thread cannot."""
UNREACHED = (NotConnected, HTTPClientError)
"""botocore errors for a missing or incomplete answer."""
_call_ends: ContextVar[float] = ContextVar("call_ends", default=float("inf"))
_probing: ContextVar[bool] = ContextVar("probing", default=False)


class Guard:
    """Timeout and circuit breaker of one service, hooked into its botocore clients."""

    def __init__(self, service: str, call_seconds: float, probe: Callable[[], object]) -> None:
        """`call_seconds`: limit of a call including retries. `probe`: a cheap call."""
        self.breaker = Breaker(failures=FAILURES, open_seconds=OPEN_SECONDS, on_open=self._probe_until_it_is_back)
        self._service = service
        self._call_seconds = call_seconds
        self._probe = probe
        self._lock = threading.Lock()
        self._prober: threading.Thread | None = None

    def watch(self, client: Any) -> None:
        """Guard the calls of a botocore client."""
        bound_connections(client, _seconds_left)
        events = client.meta.events
        events.register_first("before-call.*.*", self._begin)
        events.register_first("before-send.*.*", self._before_try)
        events.register("response-received.*.*", self._after_try)

    def _begin(self, **_: Any) -> None:
        # Not reset when the call ends: the body is read later, and the next call sets a new limit.
        _call_ends.set(time.monotonic() + self._call_seconds)
        if not _probing.get() and not self.breaker.allow():
            raise self._unavailable_error()

    def _before_try(self, **_: Any) -> None:
        if _seconds_left() <= 0:
            raise StoreUnavailable(f"{self._service} did not answer in time")
        if not _probing.get() and self.breaker.state is State.OPEN:
            raise self._unavailable_error()

    def _after_try(self, *, event_name: str, response_dict: Any, exception: Any, **_: Any) -> None:
        if exception is None and response_dict["status_code"] < 500:
            if not event_name.endswith(".GetObject"):  # its body may still fail
                self.breaker.record_success()
        elif exception is None or isinstance(exception, UNREACHED):
            self.breaker.record_failure()

    def _unavailable_error(self) -> StoreUnavailable:
        return StoreUnavailable(f"{self._service} is unavailable")

    def _probe_until_it_is_back(self) -> None:
        log.warning("%s is unavailable; calls fail until it answers again", self._service)
        with self._lock:
            if self._prober is None:
                self._prober = threading.Thread(target=self._run, name=f"probe-{self._service}", daemon=True)
                self._prober.start()

    def _run(self) -> None:
        _probing.set(True)
        while True:
            time.sleep(PROBE_SECONDS)
            try:
                with deadline.override(PROBE_SECONDS):
                    self._probe()
            except (BotoCoreError, ClientError, OSError):
                pass  # the hooks have already updated the breaker
            except Exception:
                log.exception("probing %s failed", self._service)
            with self._lock:
                if self.breaker.state is State.CLOSED:
                    self._prober = None
                    break
        log.warning("%s answers again", self._service)


def _seconds_left() -> float:
    return min(deadline.remaining(), max(_call_ends.get() - time.monotonic(), 0.0))
