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
UCUM_OID: Final = "urn:oid:2.16.840.1.113883.6.8"  # the same system under the name that older messages use
