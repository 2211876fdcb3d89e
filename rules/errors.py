"""What can go wrong with rules, in one tree.

RuleError: the rules as written cannot be used (or a lesson cannot be written into them). The rule set in force stays as it is.
"""

from collections.abc import Iterable


class RuleError(Exception):
    """Every problem found, at once, each as `file:line:column: rule: what is wrong` (as far as they are known)."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
