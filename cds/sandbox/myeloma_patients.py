"""Synthetic patients with myeloma, or with what may become it."""

from __future__ import annotations

from cds.sandbox.chart import Chart
from cds.sandbox.chart_drugs import at_least, cycle, daily, every, product


def renal_failure(chart: Chart) -> None:
    """Cockcroft-Gault: (140 - 71) x 78 kg / (72 x 275/88.4 mg/dL) = 24 mL/min."""
    chart.patient("Ola", "Nordmann", "male", 71)
    myeloma = chart.problem("multiple-myeloma", 35)
    chart.lab("creatinine-mass", "2.35", 40)
    chart.lab("creatinine", "275", 3, code="NPU", high="105")
    chart.lab("egfr", "19", 3, code="NPU")
    chart.lab("body-weight", "78", 12)
    chart.lab("body-height", "174", 35)
    chart.lab("haemoglobin", "10.4", 3, low="13.4", high="17.0")
    chart.lab("neutrophils", "2.4", 3, code="NPU")
    chart.lab("platelets", "168", 3, code="NPU+LOINC")
    chart.lab("calcium-corrected", "2.41", 3, code="NPU", high="2.51")
    chart.lab("m-protein", "38.2", 10, code="NPU")
    chart.lab("beta2-microglobulin", "7.9", 30)
    chart.lab("albumin", "34", 30, code="NPU")
    chart.order("dexamethasone", 5, every(1, "wk", "40"), reasonReference=[{"reference": myeloma}])
    chart.order(
        "simvastatin",
        400,
        daily("20"),
        contained=[product("simvastatin-20", "simvastatin", "20", "tablet")],
        medicationReference={"reference": "#simvastatin-20"},
    )
    chart.draft("lenalidomide", cycle("25", 21), reasonReference=[{"reference": myeloma}])


def normal_kidneys(chart: Chart) -> None:
    """Everything as it should be: full dose, normal clearance, aspirin."""
    chart.patient("Jan", "de Vries", "male", 64)
    myeloma = chart.problem("multiple-myeloma", 210)
    chart.lab("creatinine-mass", "0.92", 6)
    chart.lab("egfr", "86", 6)
    chart.lab("body-weight", "83", 6)
    chart.lab("body-height", "181", 200)
    chart.lab("haemoglobin", "8.1", 6, code="NPU", low="8.3", high="10.5")
    chart.lab("neutrophils", "3.1", 6)
    chart.lab("platelets", "214", 6)
    chart.lab("m-protein", "6.5", 20)
    reference = chart.medication("lenalidomide", "25", "capsule")
    reason = [{"reference": myeloma}]
    chart.order("lenalidomide", 60, cycle("25", 21), medicationReference=reference, reasonReference=reason)
    chart.order("dexamethasone", 60, every(1, "wk", "40"))
    chart.statement("acetylsalicylic-acid", 60, daily("75"))  # bought without prescription
    chart.draft("lenalidomide", cycle("25", 21), medicationReference=reference, reasonReference=reason)


def dialysis(chart: Chart) -> None:
    """Dialysis decides the dose, whatever the creatinine says."""
    chart.patient("Per", "Hansen", "male", 66)
    myeloma = chart.problem("multiple-myeloma", 90)
    chart.problem("esrd", 700)
    chart.problem("dialysis-dependence", 650)
    for days_ago in (1, 3, 5, 8):
        chart.procedure("haemodialysis", days_ago)
    chart.lab("creatinine", "640", 1, code="NPU")
    chart.lab("egfr", "7", 1, code="NPU")
    chart.lab("body-weight", "71.5", 1)
    chart.lab("neutrophils", "1.9", 1, code="NPU")
    chart.lab("platelets", "131", 1, code="NPU")
    chart.lab("haemoglobin", "6.4", 1, code="NPU")
    chart.order("dexamethasone", 20, every(1, "wk", "20"))
    chart.order("apixaban", 20, daily("2.5", times=2))
    chart.draft("lenalidomide", cycle("15", 21), reasonReference=[{"reference": myeloma}])


def childbearing_potential(chart: Chart) -> None:
    """No pregnancy test on file; contraception by implant."""
    chart.patient("Sanne", "Jansen", "female", 38)
    myeloma = chart.problem("multiple-myeloma", 60)
    chart.lab("creatinine", "62", 4)
    chart.lab("egfr", "90", 4, valueQuantity=at_least("90", "mL/min/{1.73_m2}"))
    chart.lab("body-weight", "64", 4)
    chart.lab("neutrophils", "2.8", 4)
    chart.lab("platelets", "240", 4)
    chart.lab("haemoglobin", "12.6", 4)
    chart.order("etonogestrel", 300, daily("0.06", text="subcutaneous implant"))
    chart.order("acetylsalicylic-acid", 10, daily("80"))
    chart.draft("lenalidomide", cycle("25", 21), reasonReference=[{"reference": myeloma}])


def suspected_myeloma(chart: Chart) -> None:
    """CRAB findings in several units, and a marrow full of plasma cells; no diagnosis of myeloma yet."""
    chart.patient("Marit", "Berg", "female", 69)
    chart.problem("mgus", 900)
    chart.lab("haemoglobin", "5.5", 2, code="NPU", low="7.3", high="9.5")
    chart.lab("creatinine", "212", 2, code="local", high="90")
    chart.lab("egfr", "21", 2)
    chart.lab("calcium-corrected", "2.94", 2, code="NPU", high="2.51")
    chart.lab("calcium-total", "2.81", 2, code="NPU")
    chart.lab("albumin", "3.1", 2)
    chart.lab("m-protein", "41.3", 9, code="NPU")
    chart.lab("flc-kappa", "890", 9, code="NPU")
    chart.lab("flc-lambda", "8.1", 9, code="NPU")
    chart.lab("beta2-microglobulin", "466", 9, code="NPU")
    chart.lab("ldh", "310", 9, high="255")
    chart.lab("plasma-cells-marrow", "45", 7)
    chart.lab("body-weight", "66", 7)


def smouldering(chart: Chart) -> None:
    """Followed up, nothing that asks for treatment."""
    chart.patient("Karin", "Bakker", "female", 61)
    chart.problem("smouldering-myeloma", 400)
    chart.lab("haemoglobin", "12.8", 11, low="12.0", high="16.0")
    chart.lab("creatinine-mass", "0.77", 11)
    chart.lab("egfr", "85", 11)
    chart.lab("calcium-corrected", "2.38", 11, high="2.55")
    chart.lab("m-protein", "22.4", 11)
    chart.lab("flc-kappa", "96", 11)
    chart.lab("flc-lambda", "8.2", 11)
    chart.lab("plasma-cells-marrow", "18", 200)
    chart.lab("body-weight", "70", 11)


def erythropoietin_too_high(chart: Chart) -> None:
    """Darbepoetin goes on although the haemoglobin passed 12 g/dL."""
    chart.patient("Wim", "Visser", "male", 72)
    myeloma = chart.problem("multiple-myeloma", 500)
    chart.lab("haemoglobin", "12.5", 1, low="13.4", high="17.0")
    chart.lab("haemoglobin", "11.6", 29)
    chart.lab("creatinine", "96", 1)
    chart.lab("egfr", "71", 1)
    chart.lab("body-weight", "80", 30)
    chart.lab("neutrophils", "2.0", 1)
    chart.lab("platelets", "150", 1)
    reason = [{"reference": myeloma}]
    chart.order("lenalidomide", 90, cycle("10", 21), reasonReference=reason)
    chart.order("darbepoetin", 60, every(3, "wk", "500", "ug"))
    chart.order("apixaban", 90, daily("2.5", times=2))
    chart.draft("lenalidomide", cycle("10", 21), reasonReference=reason)


def thrombosis_on_lenalidomide(chart: Chart) -> None:
    """A new deep vein thrombosis while lenalidomide is running."""
    chart.patient("Inger", "Larsen", "female", 70)
    myeloma = chart.problem("multiple-myeloma", 300)
    chart.problem("dvt", 4)
    chart.problem("postmenopausal", 7000)
    chart.lab("creatinine", "84", 4, code="NPU")
    chart.lab("egfr", "63", 4, code="NPU")
    chart.lab("body-weight", "69", 4, code="NPU")
    chart.lab("platelets", "187", 4, code="NPU")
    chart.lab("neutrophils", "2.2", 4, code="NPU")
    chart.lab("haemoglobin", "7.4", 4, code="NPU")
    reason = [{"reference": myeloma}]
    chart.order("lenalidomide", 100, cycle("25", 21), reasonReference=reason)
    chart.order("dexamethasone", 100, every(1, "wk", "20"))
    chart.order("enoxaparin", 4, daily("100", times=1))
    chart.draft("lenalidomide", cycle("25", 21), reasonReference=reason)


def unreadable_results(chart: Chart) -> None:
    """A creatinine without unit, one in the future, one entered in error: nothing that a dose could rest on."""
    chart.patient("Anne", "Olsen", "female", 67)
    myeloma = chart.problem("multiple-myeloma", 45)
    chart.problem("postmenopausal", 6000)
    chart.lab("creatinine", "88", 2, code="NPU", unit="")
    chart.lab("creatinine", "310", 3, code="NPU", status="entered-in-error")
    chart.lab("creatinine", "79", -2)
    chart.lab("creatinine", "91", 5, code="local-only", unit="umol/L")
    chart.lab("body-weight", "72", 5)
    chart.lab("neutrophils", "2.6", 5)
    chart.lab("platelets", "201", 5)
    chart.order("acetylsalicylic-acid", 30, daily("75"))
    chart.draft("lenalidomide", {"text": "as agreed"}, reasonReference=[{"reference": myeloma}])
