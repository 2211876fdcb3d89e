"""Requirements as data: load the rules of every authority, judge facts by them, and learn from notices.

Leaf package: it is given the known facts and never measures a picture itself.
"""

from rules.answer import Memory, Weighed, memory_from
from rules.diff import diff
from rules.engine import Box, Finding, RuleSet, judge
from rules.errors import RuleError
from rules.learn import Evidence, Proposal, accept, propose, propose_limit
from rules.loader import load, parse
from rules.population import Observation, family
from rules.schema import AUTHORITIES, LEVELS, FactValue, Level, Rule, Scope, Source, Where
from rules.weigh import weigh

__all__ = [
    "AUTHORITIES",
    "LEVELS",
    "Box",
    "Evidence",
    "FactValue",
    "Finding",
    "Level",
    "Memory",
    "Observation",
    "Proposal",
    "Rule",
    "RuleError",
    "RuleSet",
    "Scope",
    "Source",
    "Weighed",
    "Where",
    "accept",
    "diff",
    "family",
    "judge",
    "load",
    "memory_from",
    "parse",
    "propose",
    "propose_limit",
    "weigh",
]
