"""Checkpoints that survive a stop at any moment: written beside, then renamed."""

from pathlib import Path

import torch

_STATE = "state.pt"


def save(folder: Path, model: torch.nn.Module, optimiser: torch.optim.Optimizer, step: int) -> None:
    """Keep everything that is needed to go on after `step` steps."""
    part = folder / "state.partial"
    torch.save({"step": step, "model": model.state_dict(), "optimiser": optimiser.state_dict()}, part)
    part.replace(folder / _STATE)


def resume(folder: Path, model: torch.nn.Module, optimiser: torch.optim.Optimizer) -> int:
    """Load the last checkpoint, if there is one, and return how many steps it had done."""
    file = folder / _STATE
    if not file.exists():
        return 0
    state = torch.load(file, weights_only=True)
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])
