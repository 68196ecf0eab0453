"""What several processes tell of themselves."""

from __future__ import annotations

import os

from gateway.metrics import Metric, as_record, as_text, joined
from gateway.slots import SLOT_OCTETS, Slots


def test_each_reads_what_the_others_told() -> None:
    slots = Slots(3)
    assert slots.others(0) == []
    child = os.fork()
    if not child:
        slots.write(1, b"one")
        os._exit(0)
    os.waitpid(child, 0)
    slots.write(2, b"two")
    assert slots.others(0) == [b"one", b"two"]
    assert slots.others(1) == [b"two"]
    slots.write(2, b"2")
    assert slots.others(0) == [b"one", b"2"]


def test_what_has_no_room_is_left_out_and_what_is_torn_is_not_read() -> None:
    slots = Slots(2)
    slots.write(1, b"x" * SLOT_OCTETS)
    assert slots.others(0) == []
    slots.write(1, b"whole")
    slots._memory[SLOT_OCTETS + 14] = ord("?")
    assert slots.others(0) == []


def test_a_metric_of_several_processes_stands_once() -> None:
    metrics = [Metric.by("a_total", "counter", "Things.", "kind", {"x": value}) for value in (1, 2)]
    records = [as_record(each, worker) for worker, each in enumerate(metrics)]
    assert as_text(joined(records)).splitlines() == [
        "# HELP a_total Things.",
        "# TYPE a_total counter",
        'a_total{kind="x",worker="1"} 1',
        'a_total{kind="x",worker="2"} 2',
    ]
