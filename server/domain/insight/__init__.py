"""首页数据: the figures that a manager looks at first, counted from what is there."""

from server.domain.insight.events import FiguresChanged
from server.domain.insight.model import Figures

__all__ = ["Figures", "FiguresChanged"]
