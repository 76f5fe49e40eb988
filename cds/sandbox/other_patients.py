"""Synthetic patients with other blood diseases, with osteoporosis, or with nothing at all."""

from __future__ import annotations

from cds.sandbox.chart import Chart
from cds.sandbox.chart_drugs import cycle, daily, every


def pregnant(chart: Chart) -> None:
    """Pregnant by problem list and laboratory; lenalidomide must not be signed."""
    chart.patient("Emma", "Smit", "female", 33)
    disease = chart.problem("mds-del5q", 120)
    chart.problem("pregnancy", 20)
    chart.lab("hcg-serum", "5400", 21)
    chart.lab("creatinine", "58", 7)
    chart.lab("body-weight", "61", 7)
    chart.lab("neutrophils", "1.4", 7)
    chart.lab("platelets", "180", 7)
    chart.draft("lenalidomide", cycle("10", 21), reasonReference=[{"reference": disease}])


def mds_del5q(chart: Chart) -> None:
    """Neutrophils and platelets at the edge, Cockcroft-Gault 39 mL/min."""
    chart.patient("Grethe", "Nilsen", "female", 76)
    disease = chart.problem("mds-del5q", 80)
    chart.problem("postmenopausal", 9000)
    chart.lab("egfr", "50", 5, code="NPU")
    chart.lab("creatinine", "92", 5, code="NPU+LOINC")
    chart.lab("body-weight", "54", 5, code="NPU")
    chart.lab("neutrophils", "0.6", 5, code="NPU")
    chart.lab("platelets", "62", 5, code="NPU")
    chart.lab("haemoglobin", "5.2", 5, code="NPU")
    chart.draft("lenalidomide", cycle("10", 21), reasonReference=[{"reference": disease}])


def follicular_lymphoma(chart: Chart) -> None:
    """Lenalidomide with rituximab, platelets too low to start."""
    chart.patient("Pieter", "Mulder", "male", 63)
    disease = chart.problem("follicular-lymphoma", 1200)
    chart.lab("platelets", "42", 2)
    chart.lab("neutrophils", "1.7", 2)
    chart.lab("creatinine-mass", "1.0", 2)
    chart.lab("body-weight", "88", 2)
    chart.lab("haemoglobin", "11.9", 2)
    chart.order("rituximab", 3, every(1, "wk", "375", "mg/m2"), reasonReference=[{"reference": disease}])
    chart.administration("rituximab", 3, "760", "mg")
    chart.order("acetylsalicylic-acid", 30, daily("80"))
    chart.draft("lenalidomide", cycle("20", 21), reasonReference=[{"reference": disease}])


def cll_relapse(chart: Chart) -> None:
    """Relapse after bendamustine and rituximab; venetoclax written at its full dose on the first day."""
    chart.patient("Bjorn", "Haugen", "male", 68)
    disease = chart.problem("cll", 1800)
    reason = [{"reference": disease}]
    chart.order("bendamustine", 900, every(4, "wk", "90", "mg/m2"), status="completed", reasonReference=reason)
    chart.order("rituximab", 900, every(4, "wk", "500", "mg/m2"), status="completed", reasonReference=reason)
    chart.lab("lymphocytes", "88.4", 3, code="NPU")
    chart.lab("leukocytes", "96.1", 3, code="NPU")
    chart.lab("creatinine", "87", 3, code="NPU")
    chart.lab("ldh", "262", 3, code="NPU", high="205")
    chart.lab("platelets", "98", 3, code="NPU")
    chart.lab("body-weight", "77", 3)
    chart.order("allopurinol", 3, daily("300"))
    chart.draft("venetoclax", daily("400"), reasonReference=reason)


def osteoporosis(chart: Chart) -> None:
    """Prednisolone for five months, a low T-score, and denosumab as first choice."""
    chart.patient("Kirsten", "Pedersen", "female", 68)
    disease = chart.problem("osteoporosis-postmenopausal", 14)
    chart.problem("asthma", 4000)
    chart.order("prednisolone", 150, daily("7.5"))
    chart.lab("t-score-spine", "-2.8", 20)
    chart.lab("t-score-hip", "-2.1", 20)
    chart.lab("calcium-total", "2.31", 15, code="NPU")
    chart.lab("vitamin-d", "62", 15, code="NPU")
    chart.lab("creatinine", "71", 15, code="NPU")
    chart.lab("body-weight", "63", 15)
    chart.draft("denosumab", every(6, "mo", "60"), reasonReference=[{"reference": disease}])


def nothing_wrong(chart: Chart) -> None:
    """A healthy patient with a headache: no card should appear."""
    chart.patient("Lotte", "Meijer", "female", 45)
    chart.lab("creatinine", "66", 30)
    chart.lab("haemoglobin", "13.4", 30)
    chart.lab("alt", "21", 30)
    chart.draft("paracetamol", daily("1000", times=3))
