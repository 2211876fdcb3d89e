"""The main road, one module per stage: intake -> render -> check -> (review) -> want -> publish -> watch -> learn.

Every stage reads rows the stage before left and leaves rows for the next; no stage calls back upstream.
"""

from app.stages import arrange, backdrop, check, feed, intake, learn, publish, render, want, watch
from app.stages.run import Stage

_ROAD = (intake.STAGE, arrange.STAGE, backdrop.STAGE, render.STAGE, check.STAGE, want.STAGE, publish.STAGE, feed.STAGE, watch.STAGE, watch.NOTICES, learn.STAGE)
STAGES: dict[str, Stage] = {stage.name: stage for stage in _ROAD}

__all__ = ["STAGES", "Stage"]
