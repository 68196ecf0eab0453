"""Buckets of networks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web import limits
from gateway.web.limits import Buckets, network


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("127.0.0.1", ""),
        ("127.1.2.3", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("", ""),
    ],
)
def test_networks(address: str, name: str) -> None:
    assert network(address) == name


def test_a_burst_then_the_rate() -> None:
    buckets = Buckets(rate=2, burst=3)
    assert [buckets.wait("a", 0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.wait("b", 0) == 0
    assert buckets.wait("a", 0.25) == 0.25
    assert buckets.wait("a", 0.5) == 0
    assert buckets.wait("a", 0.5) == 0.5
    assert [buckets.wait("a", 1000) for _ in range(4)] == [0, 0, 0, 0.5]


def test_debts_are_paid_first_and_have_a_bound() -> None:
    buckets = Buckets(rate=1, burst=10)
    buckets.charge("a", 15, 0)
    assert buckets.wait("a", 0) == 6
    buckets.charge("a", 1000, 0)
    assert buckets.wait("a", 0) == 11
    assert buckets.wait("a", 11) == 0


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_BUCKETS", 10)
    buckets = Buckets(rate=1, burst=1)
    for at in range(100):
        buckets.wait(str(at), 0)
        assert buckets.wait("busy", at) == 0  # so it is not the oldest
    assert len(buckets) == 10
    assert buckets.wait("busy", 99) == 1
    assert buckets.wait("0", 99) == 0


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 30)), max_size=60))
def test_no_more_than_rate_and_burst(steps: list[tuple[float, float]]) -> None:
    buckets, now, taken = Buckets(rate=3, burst=5), 0.0, 0
    for pause, cost in steps:
        now += pause
        wait = buckets.wait("a", now)
        if not wait:
            taken += 1
            buckets.charge("a", cost, now)
        else:
            assert wait <= (5 + 1) / 3 + 1e-6
            assert buckets.wait("a", now + wait * 1.0001 + 1e-6) == 0
            taken += 1
            now += wait * 1.0001 + 1e-6
        assert taken <= 5 + 3 * now + 1e-6
