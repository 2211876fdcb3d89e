"""One file per finishing step: step(frame, recipe) -> frame, pure."""
