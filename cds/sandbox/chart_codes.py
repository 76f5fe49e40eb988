"""The codes that the synthetic charts use; every one of them occurs in the guidelines' terminology."""

from __future__ import annotations

from typing import Final, NamedTuple


class LabCode(NamedTuple):
    """A laboratory result or measurement: LOINC code with its unit, and the NPU code with its unit where there is one.

    Units are UCUM.
    """

    display: str
    loinc: str
    unit: str
    npu: str | None = None
    npu_unit: str | None = None


class DrugCode(NamedTuple):
    """A drug by ATC and RxNorm ingredient."""

    display: str
    atc: str
    rxnorm: str | None = None


class ProblemCode(NamedTuple):
    """A diagnosis by ICD-10 and SNOMED CT."""

    display: str
    icd_10: str | None
    snomed: str | None = None


LABS: Final = {
    "albumin": LabCode("Albumin", "1751-7", "g/dL", "NPU19673", "g/L"),
    "alt": LabCode("Alanine aminotransferase", "1742-6", "U/L", "NPU19651", "U/L"),
    "beta2-microglobulin": LabCode("Beta-2-microglobulin", "1952-1", "mg/L", "NPU02817", "nmol/L"),
    "body-height": LabCode("Body height", "8302-2", "cm"),
    "body-weight": LabCode("Body weight", "29463-7", "kg", "NPU03804", "kg"),
    "calcium-corrected": LabCode("Calcium, albumin-corrected", "29265-6", "mmol/L", "NPU04169", "mmol/L"),
    "calcium-total": LabCode("Calcium", "2000-8", "mmol/L", "NPU01443", "mmol/L"),
    "creatinine": LabCode("Creatinine", "14682-9", "umol/L", "NPU18016", "umol/L"),
    "creatinine-mass": LabCode("Creatinine", "2160-0", "mg/dL"),
    "egfr": LabCode("eGFR (CKD-EPI)", "62238-1", "mL/min/{1.73_m2}", "DNK35302", "mL/min/{1.73_m2}"),
    "flc-kappa": LabCode("Free kappa light chains", "36916-5", "mg/L", "NPU19606", "mg/L"),
    "flc-lambda": LabCode("Free lambda light chains", "33944-0", "mg/L", "NPU19607", "mg/L"),
    "haemoglobin": LabCode("Haemoglobin", "718-7", "g/dL", "NPU02319", "mmol/L"),
    "hcg-serum": LabCode("hCG in serum", "21198-7", "[IU]/L", "NPU19579", "[IU]/L"),
    "ldh": LabCode("Lactate dehydrogenase", "2532-0", "U/L", "NPU19658", "U/L"),
    "leukocytes": LabCode("Leukocytes", "26464-8", "10*9/L", "NPU02593", "10*9/L"),
    "lymphocytes": LabCode("Lymphocytes", "26474-7", "10*9/L", "NPU02636", "10*9/L"),
    "m-protein": LabCode("M-protein in serum", "33358-3", "g/L", "NPU28638", "g/L"),
    "neutrophils": LabCode("Neutrophils", "26499-4", "10*9/L", "NPU02902", "10*9/L"),
    "plasma-cells-marrow": LabCode("Plasma cells in bone marrow", "11118-7", "%"),
    "platelets": LabCode("Platelets", "26515-7", "10*9/L", "NPU03568", "10*9/L"),
    "t-score-hip": LabCode("T-score, hip", "38264-8", "{T-score}"),
    "t-score-spine": LabCode("T-score, lumbar spine", "38267-1", "{T-score}"),
    "vitamin-d": LabCode("25-hydroxyvitamin D", "14635-7", "nmol/L", "NPU10267", "nmol/L"),
}
DRUGS: Final = {
    "acetylsalicylic-acid": DrugCode("acetylsalicylic acid", "B01AC06", "1191"),
    "allopurinol": DrugCode("allopurinol", "M04AA01", "519"),
    "apixaban": DrugCode("apixaban", "B01AF02", "1364430"),
    "bendamustine": DrugCode("bendamustine", "L01AA09", "134547"),
    "darbepoetin": DrugCode("darbepoetin alfa", "B03XA02", "283838"),
    "denosumab": DrugCode("denosumab", "M05BX04", "993449"),
    "dexamethasone": DrugCode("dexamethasone", "H02AB02", "3264"),
    "enoxaparin": DrugCode("enoxaparin", "B01AB05", "67108"),
    "etonogestrel": DrugCode("etonogestrel (implant)", "G03AC08"),
    "lenalidomide": DrugCode("lenalidomide", "L04AX04", "342369"),
    "paracetamol": DrugCode("paracetamol", "N02BE01", "161"),
    "prednisolone": DrugCode("prednisolone", "H02AB06", "8638"),
    "rituximab": DrugCode("rituximab", "L01FA01", "121191"),
    "simvastatin": DrugCode("simvastatin", "C10AA01", "36567"),
    "venetoclax": DrugCode("venetoclax", "L01XX52", "1747556"),
}
PROBLEMS: Final = {
    "asthma": ProblemCode("Asthma", "J45", "195967001"),
    "cll": ProblemCode("Chronic lymphocytic leukaemia", "C91.1", "92814006"),
    "dialysis-dependence": ProblemCode("Dependence on renal dialysis", "Z99.2", "105502003"),
    "dvt": ProblemCode("Deep vein thrombosis of the leg", "I80.2", "128053003"),
    "esrd": ProblemCode("Chronic kidney disease, stage 5", "N18.5", "433146000"),
    "follicular-lymphoma": ProblemCode("Follicular lymphoma", "C82", "308121000"),
    "mds-del5q": ProblemCode("MDS with isolated del(5q)", "D46.6", "277597005"),
    "mgus": ProblemCode("Monoclonal gammopathy (MGUS)", "D47.2", "277577000"),
    "multiple-myeloma": ProblemCode("Multiple myeloma", "C90.0", "109989006"),
    "osteoporosis-postmenopausal": ProblemCode("Postmenopausal osteoporosis", "M81.0", "102447009"),
    "postmenopausal": ProblemCode("Postmenopausal state", None, "76498008"),
    "pregnancy": ProblemCode("Pregnant", "Z33", "77386006"),
    "smouldering-myeloma": ProblemCode("Smouldering myeloma", "C90.0", "413587002"),
}
PROCEDURES: Final = {
    "haemodialysis": ("Haemodialysis", "302497006"),
}
# What a laboratory's own code book looks like; a site maps it with a ConceptMap.
LOCAL_LAB_SYSTEM: Final = "https://hospital.example.org/laboratory"
