"""Lint rules on a whole bank: guessing from form, thin days, missing kinds, levels, and the cost of many questions."""

from __future__ import annotations

import pytest

from tests.content.conftest import PackFolder, single
from tutor.content.lint import lint
from tutor.content.lint.balance import LARGE_BANK, MIN_CHOICES


def sentences(pack: PackFolder) -> list[str]:
    """What lint says, and always of the pack as a whole."""
    problems = lint(pack.folder)
    assert {problem.file.name for problem in problems} <= {"pack.yaml"}
    assert all(problem.line > 0 for problem in problems)
    return [problem.what for problem in problems]


def test_longest_option_must_not_win(pack: PackFolder) -> None:
    """When the right option is the longest in more than 35 % of the questions, they are named; at 35 % all is well."""
    total = MIN_CHOICES + 20
    bank = [single(n, right=n % 4, longest=n < total * 0.35) for n in range(total - 2)]  # the starter has two more
    pack.add_bank(bank)
    assert sentences(pack) == []
    bank[-1] = single(len(bank) - 1, right=1, longest=True)
    pack.add_bank(bank)
    (what,) = sentences(pack)
    assert what.startswith("the right option is the longest in 15 of 40 single and predict questions (at most 35%)")
    assert what.endswith("bank-12, bank-13, bank-37")


def test_right_option_must_not_stand_in_one_place(pack: PackFolder) -> None:
    """When authors put the right option in one place in more than 40 % of the questions, that place is named."""
    pack.add_bank([single(n, right=n % 4) for n in range(30)])
    assert sentences(pack) == []
    pack.add_bank([single(n, right=2 if n < 14 else n % 2) for n in range(30)])
    (what,) = sentences(pack)
    assert what.startswith("the right option is the third in 14 of 32 single and predict questions")


def test_small_banks_are_not_judged(pack: PackFolder) -> None:
    """With fewer than 20 such questions chance explains any pattern."""
    pack.add_bank([single(n, right=0, longest=True) for n in range(MIN_CHOICES - 3)])
    assert sentences(pack) == []


def large_bank(pack: PackFolder) -> None:
    """Make the pack large and valid in every respect."""
    pack.add_bank([single(n, right=n % 4) for n in range(LARGE_BANK)])


def test_large_balanced_bank_is_clean(pack: PackFolder) -> None:
    """A large bank with all kinds and levels in balance passes."""
    large_bank(pack)
    assert sentences(pack) == []


def test_thin_days_of_a_large_bank_are_named(pack: PackFolder) -> None:
    """A topic with a day needs eight questions once the bank is large; a theme without a day does not."""
    large_bank(pack)
    topics = "  - {id: day-two, title: Two, day: 2, blurb: Two.}\n  - {id: theme, title: Theme, blurb: Theme.}\n"
    pack.write("pack.yaml", pack.text("pack.yaml") + topics)
    assert sentences(pack) == ["topic `day-two` has 0 questions; write at least 8"]
    (problem,) = lint(pack.folder)
    assert problem.line == pack.line("pack.yaml", "day-two")


def test_levels_of_a_large_bank_are_balanced(pack: PackFolder) -> None:
    """A level that is too rare or too frequent is named with its share."""
    pack.add_bank([single(n, right=n % 4, level="junior") for n in range(LARGE_BANK)])
    assert {what[what.index("(") : what.index(";")] for what in sentences(pack)} == {
        "(4%) are of level `mid`",
        "(3%) are of level `senior`",
        "(93%) are of level `junior`",
    }


def test_kinds_that_a_large_bank_never_uses_are_named(pack: PackFolder) -> None:
    """A large bank without a single question of some kind is told to write one."""
    questions = pack.path("questions/http-caching.yaml")
    text = questions.read_text(encoding="utf-8")
    cut = text[: text.index("  # predict:")]
    questions.write_text(cut, encoding="utf-8")
    pack.replace("recap/http-caching.yaml", "      - caching-server-down\n", "")
    large_bank(pack)
    assert sentences(pack) == ["no question is of kind `predict`; write one, so that every kind is practiced"]


def comparisons(pack: PackFolder, count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many pairs of sets are looked at for a bank of `count` questions that share half of their words."""
    from tutor.content.lint import twins
    from tutor.content.source import read_pack

    common = " ".join(f"common{number}" for number in range(12))
    bank = [single(n, prompt=f"{common} " + " ".join(f"w{n}x{i}" for i in range(12))) for n in range(count)]
    pack.add_bank(bank)
    looked = 0
    original = twins._twin

    def counting(found: twins.Shingles, candidates: object) -> object:
        nonlocal looked
        listed = list(candidates)  # type: ignore[call-overload]
        looked += len(listed)
        return original(found, iter(listed))

    monkeypatch.setattr(twins, "_twin", counting)
    assert list(twins.twins(read_pack(pack.folder))) == []
    monkeypatch.setattr(twins, "_twin", original)
    return looked


def test_twins_are_sought_without_comparing_every_pair(pack: PackFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work grows with the number of questions and not with its square: rare words lead the way."""
    assert comparisons(pack, 400, monkeypatch) < 400
