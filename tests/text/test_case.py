import sys

import numpy as np

from vitrina.text.case import lower_case


def test_every_character_becomes_its_small_letter() -> None:
    code_points = np.arange(sys.maxunicode + 1, dtype=np.uint32)
    small = [chr(code).lower() for code in range(sys.maxunicode + 1)]
    wanted = [ord(letter) if len(letter) == 1 else i for i, letter in enumerate(small)]
    assert lower_case(code_points).tolist() == wanted
    assert lower_case(code_points).dtype == np.uint32
