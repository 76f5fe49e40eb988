"""Turns: in order, one at a time, aside while waiting, refused when the wait would be too long."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict

import pytest

from cds.web.admission import Admission, Overloaded, TooManyAtOnce, aside


def test_turns_are_taken_in_order_and_one_at_a_time():
    async def run():
        admission = Admission(10)
        log = []

        async def call(name):
            async with admission.turn(admission.take_place("a", is_whole=True)):
                log.append(f"{name} begins")
                await asyncio.sleep(0)
                log.append(f"{name} ends")

        await asyncio.gather(*(call(name) for name in "abc"))
        return log

    assert asyncio.run(run()) == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]


def test_a_call_that_waits_for_others_lets_the_next_one_work():
    async def run():
        admission = Admission(10)
        log = []
        answered = asyncio.Event()

        async def waits():
            async with admission.turn(admission.take_place("a", is_whole=True)):
                log.append("asks")
                async with aside():
                    await answered.wait()
                log.append("goes on")

        async def works():
            async with admission.turn(admission.take_place("a", is_whole=True)):
                log.append("works")
            answered.set()

        await asyncio.gather(waits(), works())
        return log

    assert asyncio.run(run()) == ["asks", "works", "goes on"]


def test_parallel_reads_are_one_standing_aside():
    async def run():
        admission = Admission(10)
        inside = 0

        async def call():
            nonlocal inside

            async def read(turns):
                async with aside():
                    for _ in range(turns):
                        await asyncio.sleep(0)

            async with admission.turn(admission.take_place("a", is_whole=True)):
                await asyncio.gather(read(1), read(5), read(2))
                await asyncio.gather(read(3), read(1))
                inside += 1
                assert inside == 1
                await asyncio.sleep(0)
                inside -= 1

        await asyncio.gather(*(call() for _ in range(20)))
        async with asyncio.timeout(1), admission.turn(admission.take_place("a", is_whole=True)):
            pass

    asyncio.run(run())


def steps():
    """Events by name, each made when it is first asked for."""
    return defaultdict(asyncio.Event)


async def let_all_go_on():
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_two_reads_of_a_call_that_come_back_one_after_the_other_do_not_wait_for_each_other(is_cancelled):
    async def run():
        admission, go = Admission(10), steps()

        async def one_read():
            async with aside():
                await go["first answer"].wait()

        async def two_reads():
            async with aside():
                await go["other answer"].wait()
            await go["next read"].wait()
            async with aside():
                await go["last answer"].wait()

        async def reads():
            async with admission.turn(admission.take_place("a", is_whole=True)):
                await asyncio.gather(one_read(), two_reads())

        async def works():
            async with admission.turn(admission.take_place("b")):
                await go["work done"].wait()

        reading, working = asyncio.create_task(reads()), asyncio.create_task(works())
        for event in ("other answer", "first answer", "next read"):
            await let_all_go_on()
            go[event].set()
        await let_all_go_on()
        if is_cancelled:
            reading.cancel()
        else:
            go["last answer"].set()
        await let_all_go_on()
        go["work done"].set()
        await asyncio.wait_for(asyncio.gather(reading, working, return_exceptions=True), 10)
        async with admission.turn(admission.take_place("c")):
            return "the next has its turn"

    assert asyncio.run(asyncio.wait_for(run(), 20)) == "the next has its turn"


def test_who_comes_back_when_the_call_is_over_takes_no_turn():
    async def run():
        admission, answered = Admission(10), asyncio.Event()

        async def read():
            async with aside():
                await answered.wait()

        async with admission.turn(admission.take_place("a", is_whole=True)):
            left = asyncio.create_task(read())
            await let_all_go_on()
        answered.set()
        await left
        async with admission.turn(admission.take_place("b")):
            return "the next has its turn"

    assert asyncio.run(asyncio.wait_for(run(), 20)) == "the next has its turn"


@pytest.mark.parametrize(("waiting", "refused"), [(1, False), (2, True)])
def test_a_call_is_refused_when_the_wait_would_be_too_long(waiting, refused):
    async def run():
        admission = Admission(0.02, first_guess=0.01)
        assert admission.places == 2
        done = asyncio.Event()

        async def call():
            async with admission.turn(admission.take_place("a", is_whole=True)):
                await done.wait()

        calls = [asyncio.create_task(call()) for _ in range(waiting + 1)]
        await asyncio.sleep(0)
        try:
            admission.take_place("a", is_whole=True)
        except Overloaded:
            return True
        else:
            return False
        finally:
            done.set()
            await asyncio.gather(*calls)

    assert asyncio.run(run()) is refused


def test_one_client_may_not_fill_the_queue():
    async def run():
        admission = Admission(0.04, first_guess=0.01)
        done = asyncio.Event()

        async def call(client):
            async with admission.turn(admission.take_place(client), client):
                await done.wait()

        calls = [asyncio.create_task(call("flood")) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyAtOnce):
            admission.refuse_if_greedy("flood")
        admission.refuse_if_greedy("other")
        done.set()
        await asyncio.gather(*calls)

    asyncio.run(run())


def test_a_call_that_is_cancelled_or_fails_gives_its_turn_back():
    async def run():
        admission = Admission(10)

        async def call(wait, error=None):
            async with admission.turn(admission.take_place("a", is_whole=True)):
                if error:
                    raise error
                async with aside():
                    await wait.wait()

        never = asyncio.Event()
        hanging = asyncio.create_task(call(never))
        await asyncio.sleep(0)
        with pytest.raises(ValueError, match="broken"):
            await call(never, ValueError("broken"))
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        async with asyncio.timeout(1), admission.turn(admission.take_place("a", is_whole=True)):
            pass

    asyncio.run(run())


def test_who_comes_back_goes_before_who_is_new():
    async def run():
        admission = Admission(10)
        log = []
        answered, working = asyncio.Event(), asyncio.Event()

        async def waits():
            async with admission.turn(admission.take_place("a", is_whole=True)):
                async with aside():
                    await answered.wait()
                log.append("back")

        async def works(name):
            async with admission.turn(admission.take_place("a", is_whole=True)):
                log.append(name)
                await working.wait()

        calls = [asyncio.create_task(call) for call in (waits(), works("first"), works("second"))]
        await asyncio.sleep(0)
        answered.set()
        for _ in range(3):
            await asyncio.sleep(0)
        working.set()
        await asyncio.gather(*calls)
        return log

    assert asyncio.run(run()) == ["first", "back", "second"]


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_a_burst_may_wait_and_a_flood_may_not():
    async def run():
        clock = Clock()
        admission = Admission(0.1, first_guess=0.01, clock=clock)
        done = asyncio.Event()

        async def call():
            async with admission.turn(admission.take_place("flood", is_whole=True)):
                await done.wait()

        working = asyncio.create_task(call())
        await asyncio.sleep(0)
        burst = [admission.take_place("flood", is_whole=True) for _ in range(10)]
        assert not admission.is_overloaded
        for _ in range(20):
            with pytest.raises(Overloaded):
                admission.take_place("flood", is_whole=True)
        assert admission.is_overloaded
        for place in burst:
            place.leave()
        only = admission.take_place("flood")
        with pytest.raises(Overloaded):
            admission.take_place("flood")
        admission.take_place("another address").leave()
        only.leave()
        clock.now += 1
        admission.take_place("flood")
        assert not admission.is_overloaded
        done.set()
        await working

    asyncio.run(run())


def test_in_overload_a_brief_wait_keeps_the_turn():
    async def run():
        admission = Admission(0.01, first_guess=0.01, clock=Clock())
        async with admission.turn(admission.take_place("a", is_whole=True)):
            waiting = admission.take_place("a", is_whole=True)
            for _ in range(5):
                with contextlib.suppress(Overloaded):
                    admission.take_place("a", is_whole=True)
            assert admission.is_overloaded
            order = []

            async def next_call():
                async with admission.turn(waiting):
                    order.append("next")

            following = asyncio.create_task(next_call())
            async with aside(briefly=True):
                await asyncio.sleep(0.01)
            order.append("this")
        await following
        return order

    assert asyncio.run(run()) == ["this", "next"]


def test_a_place_is_kept_for_a_moment_until_its_turn():
    clock = Clock()
    admission = Admission(0.01, first_guess=0.01, clock=clock)
    slow = [admission.take_place("slow", is_whole=True) for _ in range(2)]
    with pytest.raises(Overloaded):
        admission.take_place("quick")
    clock.now += 0.06
    admission.take_place("quick")
    assert not any(place.is_kept for place in slow)


@pytest.mark.parametrize("address", ["of the headers", "another"])
def test_headers_alone_fill_no_queue_and_are_no_load(address):
    admission = Admission(0.1, first_guess=0.01, clock=Clock())
    for _ in range(1000):
        admission.take_place("of the headers")
    for _ in range(11):
        admission.take_place(address, is_whole=True)
    for _ in range(1000):
        with pytest.raises(Overloaded):
            admission.take_place("of the headers")
    assert not admission.is_overloaded


def test_a_place_is_lost_when_the_queue_was_filled_before_the_body_came():
    admission = Admission(0.1, first_guess=0.01, clock=Clock())
    places = [admission.take_place("slow") for _ in range(30)]
    for place in places:
        admission.body_came(place)
    assert [place.is_kept for place in places] == [True] * 11 + [False] * 19


def test_in_overload_headers_alone_hold_up_their_own_address_only():
    admission = Admission(0.01, first_guess=0.01, clock=Clock())
    for _ in range(2):
        admission.count_refused()
    assert admission.is_overloaded
    for _ in range(2):
        admission.take_place("silent")
    with pytest.raises(Overloaded):
        admission.take_place("silent")
    admission.take_place("chart")


def test_outside_a_turn_standing_aside_does_nothing():
    async def run():
        async with aside():
            return True

    assert asyncio.run(run())


def test_the_pace_of_the_last_calls_decides_how_many_may_wait():
    async def run():
        admission = Admission(0.1, first_guess=0.1)
        before = admission.places
        for _ in range(60):
            async with admission.turn(admission.take_place("a", is_whole=True)):
                pass
        return before, admission.places

    before, after = asyncio.run(run())
    assert before == 1
    assert after > 10
