"""The codes that the synthetic charts use; every one of them occurs in the guidelines' terminology."""

from __future__ import annotations

from typing import Final, NamedTuple

from cds.fhir.systems import LOINC


class LabCode(NamedTuple):
    """A laboratory result or measurement: LOINC code with its unit, and the NPU code with its unit where there is one.

    Units are UCUM; a coded result has none.
    """

    display: str
    loinc: str
    unit: str | None
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
    "anti-hbc": LabCode("Hepatitis B core antibody", "13952-7", None, "NPU02346"),
    "ast": LabCode("Aspartate aminotransferase", "1920-8", "U/L", "NPU19654", "U/L"),
    "beta2-microglobulin": LabCode("Beta-2-microglobulin", "1952-1", "mg/L", "NPU02817", "nmol/L"),
    "bilirubin": LabCode("Bilirubin, total", "14631-6", "umol/L", "NPU01370", "umol/L"),
    "body-height": LabCode("Body height", "8302-2", "cm"),
    "body-weight": LabCode("Body weight", "29463-7", "kg", "NPU03804", "kg"),
    "calcium-corrected": LabCode("Calcium, albumin-corrected", "29265-6", "mmol/L", "NPU04169", "mmol/L"),
    "calcium-total": LabCode("Calcium", "2000-8", "mmol/L", "NPU01443", "mmol/L"),
    "creatinine": LabCode("Creatinine", "14682-9", "umol/L", "NPU18016", "umol/L"),
    "creatinine-mass": LabCode("Creatinine", "2160-0", "mg/dL"),
    "del17p": LabCode("Deletion 17p by FISH", "72824-6", None),
    "egfr": LabCode("eGFR (CKD-EPI)", "62238-1", "mL/min/{1.73_m2}", "DNK35302", "mL/min/{1.73_m2}"),
    "flc-kappa": LabCode("Free kappa light chains", "36916-5", "mg/L", "NPU19606", "mg/L"),
    "flc-lambda": LabCode("Free lambda light chains", "33944-0", "mg/L", "NPU19607", "mg/L"),
    "haemoglobin": LabCode("Haemoglobin", "718-7", "g/dL", "NPU02319", "mmol/L"),
    "hcg-serum": LabCode("hCG in serum", "21198-7", "[IU]/L", "NPU19579", "[IU]/L"),
    "hbsag": LabCode("Hepatitis B surface antigen", "5196-1", None, "NPU02349"),
    "ldh": LabCode("Lactate dehydrogenase", "2532-0", "U/L", "NPU19658", "U/L"),
    "leukocytes": LabCode("Leukocytes", "26464-8", "10*9/L", "NPU02593", "10*9/L"),
    "lymphocytes": LabCode("Lymphocytes", "26474-7", "10*9/L", "NPU02636", "10*9/L"),
    "m-protein": LabCode("M-protein in serum", "33358-3", "g/L", "NPU28638", "g/L"),
    "neutrophils": LabCode("Neutrophils", "26499-4", "10*9/L", "NPU02902", "10*9/L"),
    "plasma-cells-marrow": LabCode("Plasma cells in bone marrow", "11118-7", "%"),
    "platelets": LabCode("Platelets", "26515-7", "10*9/L", "NPU03568", "10*9/L"),
    "phosphate": LabCode("Phosphate", "14879-1", "mmol/L", "NPU03096", "mmol/L"),
    "potassium": LabCode("Potassium", "2823-3", "mmol/L", "NPU03230", "mmol/L"),
    "t-score-hip": LabCode("T-score, hip", "38264-8", "{T-score}"),
    "t-score-spine": LabCode("T-score, lumbar spine", "38267-1", "{T-score}"),
    "tp53-mutation": LabCode("TP53 mutation", "21739-8", None),
    "tsh": LabCode("Thyrotropin", "3016-3", "m[IU]/L", "NPU03577", "m[IU]/L"),
    "urate": LabCode("Urate", "14933-6", "umol/L", "NPU09356", "umol/L"),
    "vitamin-d": LabCode("25-hydroxyvitamin D", "14635-7", "nmol/L", "NPU10267", "nmol/L"),
}
DRUGS: Final = {
    "acetylsalicylic-acid": DrugCode("acetylsalicylic acid", "B01AC06", "1191"),
    "alendronic-acid": DrugCode("alendronic acid", "M05BA04", "46041"),
    "allopurinol": DrugCode("allopurinol", "M04AA01", "519"),
    "apixaban": DrugCode("apixaban", "B01AF02", "1364430"),
    "bendamustine": DrugCode("bendamustine", "L01AA09", "134547"),
    "bortezomib": DrugCode("bortezomib", "L01XG01", "358258"),
    "darbepoetin": DrugCode("darbepoetin alfa", "B03XA02", "283838"),
    "denosumab": DrugCode("denosumab", "M05BX04", "993449"),
    "dexamethasone": DrugCode("dexamethasone", "H02AB02", "3264"),
    "digoxin": DrugCode("digoxin", "C01AA05", "3407"),
    "enoxaparin": DrugCode("enoxaparin", "B01AB05", "67108"),
    "etonogestrel": DrugCode("etonogestrel (implant)", "G03AC08"),
    "ibrutinib": DrugCode("ibrutinib", "L01EL01", "1442981"),
    "lenalidomide": DrugCode("lenalidomide", "L04AX04", "342369"),
    "melphalan": DrugCode("melphalan", "L01AA03", "6718"),
    "paracetamol": DrugCode("paracetamol", "N02BE01", "161"),
    "prednisolone": DrugCode("prednisolone", "H02AB06", "8638"),
    "rituximab": DrugCode("rituximab", "L01FA01", "121191"),
    "simvastatin": DrugCode("simvastatin", "C10AA01", "36567"),
    "tmp-smx": DrugCode("trimethoprim and sulfamethoxazole", "J01EE01", "10831"),
    "valaciclovir": DrugCode("valaciclovir", "J05AB11", "73645"),
    "venetoclax": DrugCode("venetoclax", "L01XX52", "1747556"),
    "warfarin": DrugCode("warfarin", "B01AA03", "11289"),
    "zoledronic-acid": DrugCode("zoledronic acid", "M05BA08", "77655"),
}
PROBLEMS: Final = {
    "asthma": ProblemCode("Asthma", "J45", "195967001"),
    "cll": ProblemCode("Chronic lymphocytic leukaemia", "C91.1", "92814006"),
    "dialysis-dependence": ProblemCode("Dependence on renal dialysis", "Z99.2", "105502003"),
    "dvt": ProblemCode("Deep vein thrombosis of the leg", "I80.2", "128053003"),
    "esrd": ProblemCode("Chronic kidney disease, stage 5", "N18.5", "433146000"),
    "follicular-lymphoma": ProblemCode("Follicular lymphoma", "C82", "308121000"),
    "herpes-zoster": ProblemCode("Herpes zoster", "B02"),
    "hip-fracture": ProblemCode("Fracture of the neck of femur", "S72.0", "5913000"),
    "hypocalcaemia": ProblemCode("Hypocalcaemia", "E83.5", "5291005"),
    "mds-del5q": ProblemCode("MDS with isolated del(5q)", "D46.6", "277597005"),
    "mgus": ProblemCode("Monoclonal gammopathy (MGUS)", "D47.2", "277577000"),
    "multiple-myeloma": ProblemCode("Multiple myeloma", "C90.0", "109989006"),
    "osteoporosis": ProblemCode("Osteoporosis", "M81", "64859006"),
    "osteoporosis-postmenopausal": ProblemCode("Postmenopausal osteoporosis", "M81.0", "102447009"),
    "polyneuropathy": ProblemCode("Polyneuropathy", "G62"),
    "postmenopausal": ProblemCode("Postmenopausal state", None, "76498008"),
    "pregnancy": ProblemCode("Pregnant", "Z33", "77386006"),
    "smouldering-myeloma": ProblemCode("Smouldering myeloma", "C90.0", "413587002"),
}
PROCEDURES: Final = {
    "autologous-transplantation": ("Autologous stem cell transplantation", "709115004"),
    "haemodialysis": ("Haemodialysis", "302497006"),
}
# LOINC answers of coded results.
FINDINGS: Final = {
    name: {"system": LOINC, "code": code, "display": name}
    for name, code in (
        ("Present", "LA9633-4"),
        ("Absent", "LA9634-2"),
        ("Positive", "LA6576-8"),
        ("Negative", "LA6577-6"),
    )
}
# What a laboratory's own code book looks like; a site maps it with a ConceptMap.
LOCAL_LAB_SYSTEM: Final = "https://hospital.example.org/laboratory"
