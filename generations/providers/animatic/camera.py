"""The camera: where each depth of the picture is at a moment."""

from dataclasses import dataclass

from analysis.contracts import CameraMove

#: How far the nearest plane travels in a clip, as a share of the frame; and how fast at most, per second.
TRAVEL = 0.075
TRAVEL_PER_SECOND = 0.022
ZOOM = 0.17
ZOOM_PER_SECOND = 0.05
#: Overscan of a plate of depth 1, as a share of the frame. More than any move can use.
OVERSCAN = 0.09


@dataclass(frozen=True)
class Pose:
    """The camera at one moment. `x` and `y` are pixels at depth 1; `orbit` turns about the middle depth."""

    x: float = 0.0
    y: float = 0.0
    zoom: float = 0.0
    orbit: float = 0.0

    def shift(self, depth: float) -> tuple[float, float]:
        """How far a plane of this depth has moved, in pixels."""
        return self.x * depth + self.orbit * (depth - 0.35) * min(1.0, depth * 4), self.y * depth

    def scale(self, depth: float) -> float:
        """How much larger a plane of this depth has become."""
        return 1 + self.zoom * depth


@dataclass(frozen=True)
class Camera:
    """One move over a whole clip, eased at both ends."""

    move: CameraMove
    width: int
    height: int
    seconds: float

    def pose(self, fraction: float) -> Pose:
        """Where the camera is at a fraction of the clip."""
        eased = ease(fraction)
        travel = min(TRAVEL, TRAVEL_PER_SECOND * self.seconds)
        zoom = min(ZOOM, ZOOM_PER_SECOND * self.seconds)
        across, down = (2 * eased - 1) * travel * self.width, (2 * eased - 1) * travel * self.height
        match self.move:
            case "pan_left":
                return Pose(x=across)
            case "pan_right":
                return Pose(x=-across)
            case "tilt_up":
                return Pose(y=down)
            case "tilt_down":
                return Pose(y=-down)
            case "push_in":
                return Pose(zoom=zoom * eased)
            case "pull_out":
                return Pose(zoom=zoom * (1 - eased))
            case "orbit":
                return Pose(orbit=1.3 * across)
        return Pose()


def ease(fraction: float) -> float:
    """Slow, then steady, then slow: the camera never starts or stops with a jerk.

    Beyond its end, while the next clip takes over, it keeps the pace that it has there.
    """
    if fraction > 1:
        return 1 + 0.55 * (fraction - 1)
    fraction = max(0.0, fraction)
    smooth = fraction * fraction * (3 - 2 * fraction)
    return 0.55 * fraction + 0.45 * smooth
