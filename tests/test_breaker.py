"""The circuit breaker: closed until several calls in a row fail, then open, then one call at a time tries."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invocations.resilience.breaker import Breaker, State

from .support.threads import at_once

LIMIT, OPEN, TRIAL = 3, 5.0, 60.0


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(failures=LIMIT, open_seconds=OPEN, trial_seconds=TRIAL, clock=clock)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.record_failure()


def test_failures_in_a_row_open_it(breaker: Breaker) -> None:
    fail(breaker, LIMIT - 1)
    assert breaker.allow()
    breaker.record_failure()
    assert (breaker.state, breaker.allow()) == (State.OPEN, False)


def test_success_in_between_begins_the_count_anew(breaker: Breaker) -> None:
    fail(breaker, LIMIT - 1)
    breaker.record_success()
    fail(breaker, LIMIT - 1)
    assert breaker.allow()


def test_one_call_tries_once_it_was_open_for_long_enough(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, LIMIT)
    clock.now += OPEN - 0.1
    assert not breaker.allow()
    clock.now += 0.1
    assert [breaker.allow() for _ in range(3)] == [True, False, False]
    assert breaker.state is State.HALF_OPEN


def test_trial_that_succeeds_closes_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, LIMIT)
    clock.now += OPEN
    assert breaker.allow()
    breaker.record_success()
    assert [breaker.allow() for _ in range(3)] == [True, True, True]


def test_trial_that_fails_opens_it_for_as_long_again(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, LIMIT)
    clock.now += OPEN
    assert breaker.allow()
    breaker.record_failure()
    clock.now += OPEN - 0.1
    assert not breaker.allow()
    clock.now += 0.1
    assert breaker.allow()


def test_trial_that_nobody_reports_is_followed_by_another(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, LIMIT)
    clock.now += OPEN
    assert breaker.allow()
    clock.now += TRIAL - 0.1
    assert not breaker.allow()
    clock.now += 0.1
    assert breaker.allow()


def test_each_opening_is_told_once(clock: Clock) -> None:
    told: list[float] = []
    breaker = Breaker(failures=LIMIT, open_seconds=OPEN, clock=clock, on_open=lambda: told.append(clock.now))
    fail(breaker, LIMIT + 5)
    assert told == [clock.now]


def test_of_many_threads_one_tries(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, LIMIT)
    clock.now += OPEN
    assert sum(at_once(lambda _: breaker.allow(), range(16))) == 1


def test_what_is_told_at_the_opening_may_ask_the_breaker(clock: Clock) -> None:
    allowed: list[bool] = []
    asking: Breaker = Breaker(failures=1, clock=clock, on_open=lambda: allowed.append(asking.allow()))
    done = threading.Thread(target=asking.record_failure, daemon=True)
    done.start()
    done.join(10)
    assert allowed == [False]


steps = st.lists(
    st.one_of(st.sampled_from(["record_success", "record_failure", "allow"]), st.floats(0.1, 100)), max_size=60
)


@given(steps)
def test_whatever_happens_it_is_open_only_after_failures_in_a_row_and_a_success_closes_it(
    happened: list[str | float],
) -> None:
    clock = Clock()
    breaker = Breaker(failures=LIMIT, open_seconds=OPEN, trial_seconds=TRIAL, clock=clock)
    in_a_row = 0
    last_trial = float("-inf")
    for step in happened:
        before = breaker.state
        if isinstance(step, float):
            clock.now += step
        elif step == "allow":
            allowed = breaker.allow()
            if before is State.CLOSED:
                assert allowed
            elif allowed:
                assert breaker.state is State.HALF_OPEN
                assert before is State.OPEN or clock.now - last_trial >= TRIAL
                last_trial = clock.now
        else:
            in_a_row = in_a_row + 1 if step == "record_failure" else 0
            getattr(breaker, step)()
            assert (breaker.state is State.OPEN) == (in_a_row >= LIMIT)


@given(steps)
def test_whatever_happened_it_lets_somebody_try_in_the_end(happened: list[str | float]) -> None:
    clock = Clock()
    breaker = Breaker(failures=LIMIT, open_seconds=OPEN, trial_seconds=TRIAL, clock=clock)
    for step in happened:
        if isinstance(step, float):
            clock.now += step
        else:
            getattr(breaker, step)()
    clock.now += TRIAL
    assert breaker.allow()
