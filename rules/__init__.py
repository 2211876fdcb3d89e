"""Requirements as data: load the rules of every authority, judge facts by them, and learn from notices.

Leaf package: it is given the known facts and never measures a picture itself.
"""

from rules.diff import diff
from rules.engine import Box, Finding, RuleSet, judge
from rules.errors import RuleError
from rules.learn import Evidence, Proposal, accept, propose
from rules.loader import load, parse
from rules.schema import AUTHORITIES, LEVELS, FactValue, Level, Rule, Scope, Source, Where
from rules.simulate import FLAGS, Change, Comparison

__all__ = [
    "AUTHORITIES",
    "FLAGS",
    "LEVELS",
    "Box",
    "Change",
    "Comparison",
    "Evidence",
    "FactValue",
    "Finding",
    "Level",
    "Proposal",
    "Rule",
    "RuleError",
    "RuleSet",
    "Scope",
    "Source",
    "Where",
    "accept",
    "diff",
    "judge",
    "load",
    "parse",
    "propose",
]
