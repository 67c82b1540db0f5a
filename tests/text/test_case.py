import sys

import numpy as np

from vitrina.text.case import lower_case


def test_lower_case_of_every_code_point() -> None:
    code_points = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    small = [chr(code).lower() for code in range(sys.maxunicode + 1)]
    expected = [ord(letter) if len(letter) == 1 else i for i, letter in enumerate(small)]
    assert lower_case(code_points).tolist() == expected
    assert lower_case(code_points).dtype == np.uint32
