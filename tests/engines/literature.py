"""Further worked examples of agreement from the literature, as data.

Sources: data sets of K. L. Gwet's package irrCAC with the figures of its vignettes and of the
Python version's own tests (three digits); Cohen 1960 and 1968; Fleiss, Cohen and Everitt 1969;
Fleiss, Levin and Paik 2003; Landis and Koch 1977; Agresti 2013; Boyd et al. 1982 as worked in
the Stata manual; Krippendorff 2011; R's vcd and irr.
"""

from __future__ import annotations

import numpy as np

from desktop.engines.agreement.ratings import Ratings
from tests.engines.published import ABSTRACTORS, DIAGNOSES, GWET

_ = float("nan")


def _letters(rows: str, alphabet: str = "abcde") -> Ratings:
    """One word per item, one letter per reader, "." for no answer."""
    codes = [[alphabet.find(letter) for letter in row] for row in rows.split()]
    return Ratings.of_codes(codes, tuple(alphabet))


G1G2 = _letters("aa.a bbcb cccc cccc bbbb abcd dddd aaba bbbb .eee ..aa ..c. bbcb bacb")
BEN_GERRY = _letters("ab aa bb bb db cc cc cc ee d. dd ad")
GENDER = _letters(
    "aaac aabc aabc aacc abaa baaa bbbb bcbb cccc aaac aabc aabc aacc abaa baaa", "abc"
)
FIVE_OBSERVERS = _letters(
    "112.2 1101. 2333. .00.0 000.0 000.0 102.1 1.20. 222.2 2111. .100. 0000. 1222. 33223 111.1",
    "0123",
)
SIX_PSYCHIATRISTS = DIAGNOSES.items(np.arange(15))
FOUR_CATEGORIES = _letters(
    "aaac aabc aabc aacc aaab aaab bbbb bbbc cccc aaab bbbb bbbc bbcc cccc aaab", "abc"
)
FOUR_DIAGNOSES = Ratings.of_table([[40, 6, 4, 15], [4, 25, 1, 5], [4, 2, 21, 9], [17, 13, 12, 45]])

# data, then per coefficient: observed, expected, value, error, low, high, p (NaN: not published,
# or published one-sided).
RAW = [
    (
        "five observers",
        FIVE_OBSERVERS,
        {
            "GWET": (0.616, 0.236, 0.497, 0.122, 0.235, 0.758, 0.00114),
            "FLEISS": (0.616, 0.291, 0.458, 0.120, 0.199, 0.716, 0.00195),
            "CONGER": (0.616, 0.276, 0.469, 0.117, 0.219, 0.719, 0.00126),
            "BRENNAN_PREDIGER": (0.616, 0.250, 0.487, 0.121, 0.228, 0.747, _),
            "ALPHA": (_, _, 0.481, _, _, _, _),
        },
    ),
    (
        "two groups",
        G1G2,
        {
            "GWET": (0.744, 0.187, 0.685, 0.134, 0.396, 0.973, 0.00019),
            "FLEISS": (0.744, 0.252, 0.657, 0.150, 0.333, 0.981, 0.00074),
            "CONGER": (0.744, 0.249, 0.659, 0.146, 0.343, 0.974, 0.00059),
            "BRENNAN_PREDIGER": (0.744, 0.200, 0.679, 0.136, 0.385, 0.974, _),
            "ALPHA": (_, _, 0.632, _, _, _, _),
        },
    ),
    (
        "gender",
        GENDER,
        {
            "GWET": (0.456, 0.312, 0.208, 0.091, 0.014, 0.403, 0.03776),
            "FLEISS": (0.456, 0.375, 0.129, 0.141, -0.172, 0.430, 0.37449),
            "CONGER": (0.456, 0.347, 0.166, 0.121, -0.094, 0.426, 0.19309),
            "BRENNAN_PREDIGER": (0.456, 0.333, 0.183, 0.102, -0.035, 0.402, _),
            "ALPHA": (_, _, 0.143, _, _, _, _),
        },
    ),
    (
        "Ben and Gerry",
        BEN_GERRY,
        {
            "GWET": (0.727, 0.194, 0.661, 0.184, 0.257, 1.0, 0.00420),
            "FLEISS": (0.727, 0.222, 0.649, 0.191, 0.228, 1.0, 0.00599),
            "CONGER": (0.727, 0.205, 0.657, 0.179, 0.262, 1.0, 0.00374),
            "BRENNAN_PREDIGER": (0.727, 0.200, 0.659, 0.185, 0.251, 1.0, _),
            "ALPHA": (_, _, 0.665, _, _, _, _),
        },
    ),
    (
        "six psychiatrists",
        SIX_PSYCHIATRISTS,
        {
            "GWET": (0.5511, 0.1915, 0.4448, 0.08419, 0.264, 0.625, 0.0001156),
            "FLEISS": (0.5511, 0.2341, 0.4139, 0.08119, 0.240, 0.588, 0.0001623),
            "BRENNAN_PREDIGER": (0.5511, 0.2, 0.4389, 0.08312, 0.261, 0.617, 0.0001163),
            "ALPHA": (_, _, 0.4204, _, _, _, _),
        },
    ),
    ("four categories", FOUR_CATEGORIES, {"GWET": (_, _, 0.35189, _, _, _, _)}),
    (
        "four raters",
        GWET,
        {
            "GWET": (0.818, 0.190, 0.775, 0.143, 0.461, 1.0, 0.000209),
            "FLEISS": (0.818, 0.239, 0.761, 0.153, 0.424, 1.0, 0.000419),
            "CONGER": (0.818, 0.233, 0.763, 0.149, 0.435, 1.0, 0.000337),
            "BRENNAN_PREDIGER": (0.818, 0.200, 0.773, 0.145, 0.454, 1.0, 0.000238),
            "ALPHA": (_, _, 0.743, _, _, _, _),
        },
    ),
]

# Four raters with every scheme: observed, expected, value, error, low (high is 1).
WEIGHTED_RAW = {
    "GWET": """
        bipolar .968 .682 .900 .106 .667; circular .902 .426 .830 .133 .538
        linear .939 .571 .859 .117 .600; ordinal .968 .685 .899 .107 .664
        quadratic .975 .714 .914 .104 .685; radical .897 .430 .820 .128 .537
        ratio .954 .678 .857 .122 .589""",
    "FLEISS": """
        bipolar .968 .785 .853 .145 .535; circular .902 .494 .807 .149 .479
        linear .939 .667 .818 .149 .491; ordinal .968 .788 .850 .147 .527
        quadratic .975 .818 .865 .146 .544; radical .897 .511 .790 .150 .460
        ratio .954 .743 .821 .152 .486""",
    "CONGER": """
        bipolar .968 .796 .845 .142 .532; circular .902 .499 .805 .147 .481
        linear .939 .675 .814 .145 .494; ordinal .968 .796 .844 .144 .526
        quadratic .975 .827 .858 .144 .541; radical .897 .515 .788 .146 .466
        ratio .954 .756 .812 .149 .485""",
    "BRENNAN_PREDIGER": """
        bipolar .968 .717 .888 .112 .641; circular .902 .447 .824 .137 .522
        linear .939 .600 .848 .123 .577; ordinal .968 .720 .886 .114 .636
        quadratic .975 .750 .902 .111 .657; radical .897 .452 .813 .133 .520
        ratio .954 .713 .840 .132 .549""",
}
WEIGHTED_ALPHA = """
    bipolar .835; circular .790; linear .800; ordinal .834
    quadratic .849; radical .772; ratio .797"""

# Tables of two raters: value, low, high for Cohen, Scott, Gwet, Brennan-Prediger.
TABLES = [
    (
        ABSTRACTORS,
        """
        identity .796 .680 .913 .796 .679 .913 .849 .764 .935 .835 .742 .928
        bipolar .872 .791 .953 .872 .791 .953 .925 .881 .969 .901 .845 .957
        circular .796 .680 .913 .796 .679 .913 .849 .764 .935 .835 .742 .928
        linear .843 .748 .938 .843 .748 .938 .900 .842 .958 .876 .806 .946
        ordinal .872 .791 .953 .872 .791 .953 .925 .881 .969 .901 .845 .957
        quadratic .892 .822 .962 .892 .822 .962 .940 .905 .976 .918 .871 .964
        radical .819 .712 .925 .819 .712 .925 .875 .804 .947 .855 .773 .937
        ratio .927 .876 .977 .927 .876 .977 .963 .942 .985 .951 .923 .978
        """,
    ),
    (
        FOUR_DIAGNOSES,
        """
        identity .432 .341 .522 .430 .339 .521 .456 .371 .542 .450 .363 .537
        bipolar .387 .267 .507 .386 .265 .506 .315 .181 .450 .264 .115 .412
        circular .446 .350 .542 .444 .347 .541 .488 .399 .578 .471 .379 .563
        linear .407 .302 .512 .406 .300 .511 .377 .267 .488 .347 .229 .465
        ordinal .390 .269 .512 .389 .267 .511 .324 .189 .459 .273 .123 .422
        quadratic .383 .254 .513 .382 .252 .512 .299 .150 .447 .236 .069 .403
        radical .419 .324 .515 .418 .322 .514 .418 .323 .513 .401 .303 .500
        ratio .413 .288 .538 .412 .287 .538 .359 .221 .496 .310 .158 .462
        """,
    ),
]

XEROGRAMS = [[21, 12, 0, 0], [4, 17, 1, 0], [3, 9, 15, 2], [0, 0, 0, 1]]
OWN_XEROGRAMS = [[1, 0.8, 0, 0], [0.8, 1, 0, 0], [0, 0, 1, 0.8], [0, 0, 0.8, 1]]
FLEISS_COHEN_EVERITT = [[106, 10, 4], [22, 28, 10], [2, 12, 6]]
OWN_1969 = [[1, 0, 4 / 9], [0, 1, 2 / 3], [4 / 9, 2 / 3, 1]]
SEXUAL_FUN = [[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]]

# table, weights (None: none; a scheme's name; numbers), kappa, its error, the error without
# agreement (NaN: not published), how many digits were printed.
KAPPAS = [
    # Fleiss, Levin and Paik 2003, section 18.1 (printed .68 and, from rounded shares, .087).
    ([[75, 1, 4], [5, 4, 1], [0, 0, 10]], None, 0.676, 0.0877, 0.0762, 3),
    # Fleiss, Cohen and Everitt 1969, with their own weights.
    (FLEISS_COHEN_EVERITT, None, 0.429, 0.0537, 0.0555, 3),
    (FLEISS_COHEN_EVERITT, OWN_1969, 0.507, 0.0570, 0.0653, 3),
    # R's vcd: husbands and wives.
    (SEXUAL_FUN, None, 0.1293, 0.06860, _, 4),
    (SEXUAL_FUN, "linear", 0.2374, 0.07832, _, 4),
    # Landis and Koch 1977: two neurologists on patients of Winnipeg and of New Orleans.
    ([[38, 5, 0, 1], [33, 11, 3, 0], [10, 14, 5, 6], [3, 7, 3, 10]], None, 0.208, 0.050, _, 3),
    ([[5, 3, 0, 0], [3, 11, 4, 0], [2, 13, 3, 4], [1, 2, 4, 14]], None, 0.297, 0.079, _, 3),
    # Agresti 2013: two pathologists, and two film critics.
    ([[22, 2, 2, 0], [5, 7, 14, 0], [0, 2, 36, 0], [0, 1, 17, 10]], None, 0.493, 0.057, _, 3),
    ([[24, 8, 13], [8, 13, 11], [10, 9, 64]], None, 0.389, 0.060, _, 3),
    # Boyd et al. 1982 in the Stata manual (errors there are those without agreement).
    (XEROGRAMS, None, 0.4728, _, 0.0694, 4),
    (XEROGRAMS, "linear", 0.5684, _, 0.0788, 4),
    (XEROGRAMS, "quadratic", 0.6714, _, 0.1079, 4),
    (XEROGRAMS, OWN_XEROGRAMS, 0.5874, _, 0.0865, 4),
    # R's statpsych.
    ([[31, 12], [4, 58]], None, 0.6756757, 0.07344761, _, 7),
]

# Fleiss, Levin and Paik 2003, table 18.7: raters and positive ratings of 25 subjects.
UNEQUAL = "22 20 32 43 33 41 30 50 20 44 55 33 44 43 20 22 31 21 41 54 32 40 30 33 22"

# Krippendorff 2011: two observers with yes and no; two with names (Ben and Gerry, item 10 d d);
# the three coders of the usual encyclopedia entry.
TWO_YES_NO = Ratings.of_codes(
    np.array([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]).T, 2
)
TWO_NAMES = _letters("ab aa bb bb db cc cc cc ee dd dd ad")
THREE_CODERS = Ratings.of_values(
    np.array(
        [
            [_, _, _, _, _, 3, 4, 1, 2, 1, 1, 3, 3, _, 3],
            [1, _, 2, 1, 3, 3, 4, 3, _, _, _, _, _, _, _],
            [_, _, 2, 1, 3, 4, 4, _, 2, 1, 1, 3, 3, _, 4],
        ]
    ).T
)

# Four judges on eight wines (the example of Python's pingouin), and R's irr: anxiety by three.
WINES = np.array(
    [
        [1, 1, 3, 6, 6, 7, 8, 9],
        [2, 3, 8, 4, 5, 5, 7, 9],
        [0, 3, 1, 3, 5, 6, 7, 9],
        [1, 2, 4, 3, 6, 2, 9, 8],
    ],
    dtype=np.float64,
).T
ANXIETY = np.array(
    [
        [3, 3, 3, 4, 5, 5, 2, 3, 5, 2, 2, 6, 1, 5, 2, 2, 1, 2, 4, 3],
        [3, 6, 4, 6, 2, 4, 2, 4, 3, 3, 2, 3, 3, 3, 2, 2, 1, 3, 3, 4],
        [2, 1, 4, 4, 3, 2, 1, 6, 1, 1, 1, 2, 3, 3, 1, 1, 3, 3, 2, 2],
    ],
    dtype=np.float64,
).T
