"""Vehicles, and what else goes on wheels, water, rails or through the air."""

from generations.providers.animatic.subjects.shapes import Part, Subject


def _wheel(x: float, y: float, radius: float) -> tuple[Part, ...]:
    spoke = 0.62 * radius
    return (
        Part("dark", f"O {x} {y} {radius} {radius}"),
        Part("metal", f"O {x} {y} {0.6 * radius} {0.6 * radius}"),
        Part(
            "dark",
            f"M {x - spoke} {y} L {x + spoke} {y} M {x} {y - spoke} L {x} {y + spoke}",
            line=0.16 * radius,
            spin=(x, y),
        ),
    )


def _hoop(x: float, y: float, radius: float) -> tuple[Part, ...]:
    slant = 0.68 * radius
    upright = f"M {x - radius} {y} L {x + radius} {y} M {x} {y - radius} L {x} {y + radius} "
    falling = f"M {x - slant} {y - slant} L {x + slant} {y + slant} "
    rising = f"M {x - slant} {y + slant} L {x + slant} {y - slant}"
    return (
        Part("dark", f"O {x} {y} {radius} {radius}", line=2.2),
        Part("metal", upright + falling + rising, line=0.5, spin=(x, y)),
    )


CAR = Subject(
    (
        Part(
            "main",
            "M 3 86 Q 1 74 10 71 L 24 68 Q 34 54 46 54 L 60 54 Q 72 55 80 68 L 92 71 Q 99 73 98 "
            "86 Q 97 91 93 91 L 7 91 Q 3 91 3 86 Z",
        ),
        Part("glass", "M 29 68 Q 37 58 46 58 L 50 58 L 50 68 Z M 53 58 L 60 58 Q 69 59 75 68 L 53 68 Z"),
        Part("second", "M 3 82 L 98 82 L 98 85 L 3 85 Z", alpha=0.8),
        Part("lamp", "O 94 76 3 2.2"),
        Part("second", "O 6 76 2.4 2"),
        *_wheel(24, 90, 10),
        *_wheel(77, 90, 10),
    ),
    "ground",
    size=1.25,
    lamp=(95.0, 76.0),
)
BICYCLE = Subject(
    (
        *_hoop(23, 79, 20),
        *_hoop(77, 79, 20),
        Part("main", "M 23 79 L 40 48 L 68 48 L 48 79 Z M 48 79 L 37 42", line=3.0),
        Part("main", "M 77 79 L 66 40", line=3.0),
        Part("dark", "M 30 41 Q 38 38 45 41", line=4.2),
        Part("dark", "M 66 40 L 62 35 L 74 33 Q 79 37 74 41", line=2.6),
        Part("metal", "O 48 79 4.6 4.6", line=1.6),
    ),
    "ground",
    size=1.05,
)
BOAT = Subject(
    (
        Part("wood", "M 48 8 L 51 8 L 51 84 L 48 84 Z"),
        Part("light", "M 53 10 Q 86 44 84 76 L 53 76 Z"),
        Part("main", "M 46 18 Q 26 50 20 76 L 46 76 Z"),
        Part("second", "M 53 56 L 81.5 56 Q 84 66 84 76 L 53 76 Z", alpha=0.85),
        Part("dark", "M 8 81 L 94 81 Q 88 100 78 100 L 24 100 Q 12 98 8 81 Z"),
        Part("main", "M 8 81 L 94 81 L 92.5 86 L 10 86 Z"),
    ),
    "water",
)
ROCKET = Subject(
    (
        Part("lamp", "M 42 84 Q 50 118 58 84 Z"),
        Part("second", "M 37 52 Q 22 62 22 84 L 38 76 Z M 63 52 Q 78 62 78 84 L 62 76 Z"),
        Part("light", "M 50 2 C 68 20 68 58 60 84 L 40 84 C 32 58 32 20 50 2 Z"),
        Part("main", "M 50 2 C 57 9 61.5 18 63.5 27 L 36.5 27 C 38.5 18 43 9 50 2 Z"),
        Part("metal", "O 50 42 8.5 8.5"),
        Part("glass", "O 50 42 6 6"),
        Part("dark", "M 40 84 L 60 84 L 57 89 L 43 89 Z"),
        Part("second", "M 48 60 L 52 60 L 52 92 L 48 92 Z"),
    ),
    "air",
    lamp=(50.0, 96.0),
)
BALLOON = Subject(
    (
        Part(
            "main",
            "M 50 2 C 78 2 90 24 86 42 C 82 58 64 66 58 76 L 42 76 C 36 66 18 58 14 42 C 10 24 22 2 50 2 Z",
        ),
        Part(
            "second",
            "M 50 2 C 62 8 66 30 62 48 C 60 60 56 68 54 76 L 46 76 C 44 68 40 60 38 48 C 34 30 38 8 50 2 Z",
        ),
        Part(
            "light",
            "M 30 8 C 20 20 20 40 28 56 C 32 62 38 68 42 76 C 32 66 18 58 14 42 C 11 28 18 13 30 8 Z",
            alpha=0.35,
        ),
        Part("dark", "M 43 76 L 45 88 M 57 76 L 55 88", line=0.9),
        Part("wood", "R 42 87 16 12 2.5"),
    ),
    "air",
)
TRAIN = Subject(
    (
        Part("main", "M 0 42 L 78 42 Q 96 46 99 78 Q 99 92 92 92 L 0 92 Z"),
        Part("second", "M 0 74 L 98.6 74 Q 99.5 79 99 82 L 0 82 Z"),
        Part("glass", "R 4 50 16 15 2 R 24 50 16 15 2 R 44 50 16 15 2"),
        Part("glass", "M 66 50 L 80 50 Q 88 54 91 66 L 66 66 Z"),
        Part("lamp", "O 93 76 3.2 2.4"),
        Part("dark", "M 0 92 L 96 92 L 92 97 L 0 97 Z"),
        Part("metal", "M 0 98.6 L 100 98.6", line=1.8),
    ),
    "ground",
    size=1.35,
    lamp=(94.0, 76.0),
)
