"""What is worked out of an artifact is worked out once, and is gone with it."""

import gc
import weakref

from cds.content.artifact import Artifact
from cds.content.prepared import prepared_once


class Work:
    def __init__(self, name: str) -> None:
        self.name = name


def artifact(name: str) -> Artifact:
    return Artifact({"resourceType": "Library", "id": name}, file="a.json", root="root")


def test_the_work_is_done_once_for_each_artifact():
    work = prepared_once(lambda one: Work(str(one.id)))
    first, second = artifact("a"), artifact("a")
    assert work(first) is work(first)
    assert work(first) is not work(second)


def test_what_was_made_goes_with_the_artifact():
    work = prepared_once(lambda one: Work(str(one.id)))
    one = artifact("a")
    made = weakref.ref(work(one))
    assert made() is not None
    del one
    gc.collect()
    assert made() is None
