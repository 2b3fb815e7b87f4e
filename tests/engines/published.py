"""Worked examples from the literature: data first, then what was published about them."""

from __future__ import annotations

import numpy as np

from desktop.engines.agreement.ratings import Ratings

_ = float("nan")

# J. L. Fleiss's table as worked in many textbooks: 10 items, 14 readers.
FOURTEEN_READERS = Ratings.of_counts(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)

# Fleiss 1971, table 1: 30 patients, 6 psychiatrists of 43, diagnosis (depression, personality
# disorder, schizophrenia, neurosis, other).
DIAGNOSES = Ratings.of_counts(
    [
        [int(c) for c in row]
        for line in (
            "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006",
            "10050 11040 03300 10050 02031 00501 30012 51000 02040 10203",
            "00006 01050 02013 20040 10041 05010 40002 02040 10500 00006",
        )
        for row in line.split()
    ],
    ["depression", "personality disorder", "schizophrenia", "neurosis", "other"],
)

# Krippendorff's canonical example: 12 units, observers A to D.
_CANONICAL = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
).T
CANONICAL = Ratings.of_values(_CANONICAL)

# Gwet's example: the same, but unit 12 was rated by C.
_GWET = _CANONICAL.copy()
_GWET[11, 1], _GWET[11, 2] = _, 3
GWET = Ratings.of_values(_GWET)

ABSTRACTORS = Ratings.of_table([[13, 0, 0], [0, 20, 7], [0, 4, 56]])
SAS = Ratings.of_table([[0, 4, 1], [0, 8, 0], [0, 1, 5]])
COHEN_1968 = Ratings.of_table([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
COHEN_1968_DISAGREEMENT = [[0, 1, 3], [1, 0, 6], [3, 6, 0]]
PARADOX = Ratings.of_table([[118, 5], [2, 0]], ["yes", "no"])

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
    dtype=np.float64,
)

# Bland and Altman 1986: peak flow (l/min), first readings with a large and a mini meter.
PEAK_FLOW_LARGE = [
    494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427,
]  # fmt: skip
PEAK_FLOW_MINI = [
    512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451,
]  # fmt: skip
