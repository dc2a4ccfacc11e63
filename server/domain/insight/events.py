"""Facts about figures."""

from dataclasses import dataclass

from server.domain.insight.model import Figures
from server.kernel.events import Fact, fact


@fact
@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresChanged(Fact):
    """An organization's figures are others than a moment ago."""

    figures: Figures

    @property
    def key(self) -> str:
        """Keep the order of one organization's figures."""
        return f"organization:{self.figures.id}"
