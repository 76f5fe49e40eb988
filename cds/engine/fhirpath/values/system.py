"""What FHIR elements are where an operator asks for a value: primitives become System values, Quantity System.Quantity.

Numbers and dates of FHIR JSON stay as they came until an operator needs them. Data of the wrong JSON type is an error;
a text that is no date is no value. https://hl7.org/fhir/R4/fhirpath.html#types
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from cds.engine.fhirpath import types
from cds.engine.fhirpath.types import Type
from cds.engine.model import r4
from cds.engine.runtime.fhir_values import (
    Element,
    boolean_value,
    date_value,
    decimal_value,
    integer_value,
    json_object,
    text_value,
    time_value,
)
from cds.engine.runtime.temporal import DateTime
from cds.engine.runtime.temporal_text import parse_date_time
from cds.engine.runtime.values import Quantity

UCUM = "http://unitsofmeasure.org"


def date_time_value(value: Any) -> DateTime | None:
    """Read a FHIR `dateTime` or `instant`; one without an offset keeps none, and then compares with its like only."""
    text = text_value(value)
    return None if text is None else parse_date_time(text)


def quantity_value(value: Any) -> Quantity | None:
    """Read a FHIR Quantity as System.Quantity.

    None where the amount is not known exactly (no value, or a comparator such as `<`) or the unit is a code of a system
    other than UCUM. Without system and code, the unit is taken as it is printed; without any unit it is `1`.
    """
    element = json_object(value.value if type(value) is Element else value)
    if element is None:
        return None
    number = decimal_value(element.get("value"))
    if number is None or element.get("comparator") is not None:
        return None
    system, code = element.get("system"), element.get("code")
    if system is not None and system != UCUM:
        return None
    return Quantity(number, text_value(code if code is not None else element.get("unit")) or "1")


_READERS: dict[Type, Callable[[Any], Any]] = {
    types.BOOLEAN: boolean_value,
    types.INTEGER: integer_value,
    types.DECIMAL: decimal_value,
    types.STRING: text_value,
    types.DATE: date_value,
    types.DATETIME: date_time_value,
    types.TIME: time_value,
    types.QUANTITY: quantity_value,
}


def reader(type_: Type) -> Callable[[Any], Any] | None:
    """Give what turns an element of a FHIR type into its System value; None where it has none."""
    value_type = types.system_value(type_) if type_.namespace == "FHIR" else None
    return None if value_type is None else _READERS[value_type]


def system_value(item: Any) -> Any:
    """Turn an item that carries its type into the value an operator works on; complex elements stay what they are."""
    if type(item) is not Element:
        return item
    read = reader(types.fhir(item.type))
    if read is None:
        return item
    value = read(item)
    return item if value is None and not r4.is_primitive(item.type) else value


def in_calendar_units(quantity: Quantity) -> Quantity:
    """Read the years and months of a FHIR quantity, which can only say `a` and `mo`, as those of the calendar.

    https://hl7.org/fhir/R4/fhirpath.html#types: the units of time of a FHIR Quantity stand for calendar durations.
    """
    unit = {"a": "year", "mo": "month"}.get(quantity.unit)
    return quantity if unit is None else Quantity(quantity.value, unit)


def system_values(items: Iterable[Any] | None) -> list[Any]:
    """Turn items that carry their types into values, those without value left out."""
    return [value for item in items or () if (value := system_value(item)) is not None]
