"""The main road, one module per stage: intake -> render -> check -> (review) -> want -> publish -> watch -> learn.

Every stage reads rows the stage before left and leaves rows for the next; no stage calls back upstream.
"""

from app.stages import arrange, backdrop, check, draft, intake, learn, publish, render, want, watch
from app.stages.run import Stage

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        intake.STAGE,
        arrange.STAGE,
        backdrop.STAGE,
        render.STAGE,
        check.STAGE,
        want.STAGE,
        publish.STAGE,
        watch.STAGE,
        watch.NOTICES,
        learn.STAGE,
        draft.STAGE,
    )
}

__all__ = ["STAGES", "Stage"]
