"""Requirements as data: load the rules of every authority, judge facts by them, and learn from notices.

Leaf package: it is given the known facts and never measures a picture itself.
"""

from rules.answer import Memory, Weighed, memory_from
from rules.conflicts import contradicting, redundant
from rules.diff import diff
from rules.engine import Box, Finding, RuleSet, judge
from rules.errors import RuleError
from rules.json_schema import json_schema
from rules.learn import Evidence, Proposal, accept, propose, propose_limit
from rules.loader import load, load_file, parse
from rules.mutate import Mutant, Score, score
from rules.population import Observation, family
from rules.schema import AUTHORITIES, LEVELS, FactValue, Level, Rule, Scope, Source, Where
from rules.simulate import FLAGS, Change, Comparison
from rules.upkeep import Stale, stale, upkeep
from rules.weigh import weigh

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
    "Memory",
    "Mutant",
    "Observation",
    "Proposal",
    "Rule",
    "RuleError",
    "RuleSet",
    "Scope",
    "Score",
    "Source",
    "Stale",
    "Weighed",
    "Where",
    "accept",
    "contradicting",
    "diff",
    "family",
    "json_schema",
    "judge",
    "load",
    "load_file",
    "memory_from",
    "parse",
    "propose",
    "propose_limit",
    "redundant",
    "score",
    "stale",
    "upkeep",
    "weigh",
]
