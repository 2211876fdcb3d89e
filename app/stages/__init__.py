"""The main road, one module per stage: intake -> render -> check -> (review) -> want -> publish -> watch -> learn.

Every stage reads rows the stage before left and leaves rows for the next; no stage calls back upstream.
"""

from app.stages import arrange, backdrop, check, draft, feed, intake, learn, mend, publish, render, tell, want, watch
from app.stages.run import Stage

_ROAD = (intake, arrange, backdrop, render, check, want, publish, feed, watch)
_BESIDE = (learn, draft, mend, tell)
STAGES: dict[str, Stage] = {stage.name: stage for stage in (*(m.STAGE for m in _ROAD), watch.NOTICES, *(m.STAGE for m in _BESIDE))}

__all__ = ["STAGES", "Stage"]
