"""The seed of the synthetic patients: a few readable words per fact in `patients/*.toml`, strictly read.

Times are days before the day of the visit (`ago`, negative: after it), doses are a number and a UCUM unit or a form
(`"25 mg"`, `"5 capsule"`), names are those of `chart_codes`.
"""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cds.sandbox.chart_codes import DRUGS, LABS, PROBLEMS, PROCEDURES


def _known(names: Container[object], kind: str) -> BeforeValidator:
    def check(name: object) -> object:
        if name not in names:
            msg = f"there is no {kind} of this name in chart_codes"
            raise ValueError(msg)
        return name

    return BeforeValidator(check)


LabName = Annotated[str, _known(LABS, "result")]
DrugName = Annotated[str, _known(DRUGS, "drug")]
ProblemName = Annotated[str, _known(PROBLEMS, "problem")]
ProcedureName = Annotated[str, _known(PROCEDURES, "procedure")]
Dose = Annotated[str, Field(pattern=r"^\d+(\.\d+)? \S+$")]


class _Seed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Person(_Seed):
    """Who the patient is; `age` in completed years on the day of the visit."""

    given: str
    family: str
    gender: Literal["male", "female"]
    age: int


class Problem(_Seed):
    """A Condition."""

    name: ProblemName
    ago: int
    clinical: Literal["active", "inactive", "resolved"] = "active"


class Result(_Seed):
    """An Observation: one `value`, one coded `finding`, or a `series` of [days ago, value], the oldest first."""

    name: LabName
    ago: int | None = None
    value: Decimal | None = None
    finding: Literal["Present", "Absent", "Positive", "Negative"] | None = None
    series: tuple[tuple[int, Decimal], ...] = ()
    code: Literal["LOINC", "NPU", "NPU+LOINC", "local", "local-only"] = "LOINC"
    unit: str | None = None
    comparator: Literal["<", "<=", ">=", ">"] | None = None
    status: Literal["final", "amended", "preliminary", "entered-in-error"] = "final"
    low: Decimal | None = None
    high: Decimal | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Result:
        single = self.ago is not None and (self.value is None) != (self.finding is None) and not self.series
        several = self.ago is None and self.value is None and self.finding is None and bool(self.series)
        if not (single or several):
            msg = "give either ago with value or finding, or a series"
            raise ValueError(msg)
        return self


class Dosage(_Seed):
    """How a drug is taken: so many times `daily`, once `every` period ("4 wk"), on `days` of a cycle ("1-21 of 28")."""

    drug: DrugName
    dose: Dose | None = None
    daily: int | None = None
    every: Annotated[str, Field(pattern=r"^\d+ (d|wk|mo)$")] | None = None
    days: Annotated[str, Field(pattern=r"^1-\d+ of \d+$")] | None = None
    text: str | None = None

    @model_validator(mode="after")
    def _has_one_timing(self) -> Dosage:
        timings = [timing for timing in (self.daily, self.every, self.days) if timing is not None]
        if (len(timings), self.dose is not None) not in ((1, True), (0, False)) or (not timings and not self.text):
            msg = "give a dose with one of daily, every and days, or a text alone"
            raise ValueError(msg)
        return self


class Order(Dosage):
    """A MedicationRequest; `product` ("25 mg capsule") is written as a Medication, referenced or contained."""

    ago: int = 0
    status: Literal["active", "completed", "stopped", "on-hold"] = "active"
    reason: ProblemName | None = None
    product: Annotated[str, Field(pattern=r"^\d+(\.\d+)? mg \S+$")] | None = None
    contained: bool = False


class Statement(Dosage):
    """A MedicationStatement: what the patient says to take since that day."""

    ago: int


class Administration(_Seed):
    """Doses that were given, each so many days ago."""

    drug: DrugName
    dose: Dose
    ago: tuple[int, ...]


class Procedure(_Seed):
    """Procedures that were done, each so many days ago."""

    name: ProcedureName
    ago: tuple[int, ...]


class PatientSeed(_Seed):
    """One patient: what the visit is about, the hook that fires, and the chart."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    title: str
    story: str
    hook: Literal["patient-view", "order-select", "order-sign"]
    person: Person
    problems: tuple[Problem, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    results: tuple[Result, ...] = ()
    orders: tuple[Order, ...] = ()
    statements: tuple[Statement, ...] = ()
    administrations: tuple[Administration, ...] = ()
    drafts: tuple[Order, ...] = ()
