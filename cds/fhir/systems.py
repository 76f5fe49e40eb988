"""The code systems of the content, by the URI that travels in `Coding.system`."""

from typing import Final

LOINC: Final = "http://loinc.org"
NPU: Final = "http://npu-terminology.org"
SNOMED_CT: Final = "http://snomed.info/sct"
ATC: Final = "http://www.whocc.no/atc"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD_10: Final = "http://hl7.org/fhir/sid/icd-10"
CVX: Final = "http://hl7.org/fhir/sid/cvx"
UCUM: Final = "http://unitsofmeasure.org"

# One code system, several names: what Nordic messages send instead of the URI above.
SYSTEM_ALIASES: Final = {
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "urn:oid:1.2.208.176.2.1": NPU,
    "urn:oid:2.16.578.1.12.4.1.1.7280": NPU,
    "urn:oid:2.16.840.1.113883.6.96": SNOMED_CT,
    "urn:oid:2.16.840.1.113883.6.73": ATC,
    "urn:oid:2.16.578.1.12.4.1.1.7180": ATC,
    "urn:oid:2.16.840.1.113883.6.88": RXNORM,
    "urn:oid:2.16.840.1.113883.6.3": ICD_10,
    "urn:oid:2.16.578.1.12.4.1.1.7110": ICD_10,
    "urn:oid:2.16.840.1.113883.12.292": CVX,
    "urn:oid:2.16.840.1.113883.6.8": UCUM,
}
