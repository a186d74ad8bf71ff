"""Trees, houses and towers."""

from generations.providers.animatic.subjects.shapes import Part, Subject

TREE = Subject(
    (
        Part("wood", "M 45 100 Q 48 78 45 54 L 55 54 Q 52 78 56 100 Z"),
        Part("wood", "M 49 74 L 32 52 M 51 70 L 68 50", line=3.4),
        Part("green", "O 50 30 26 25 O 28 42 20 17 O 72 42 20 17 O 40 20 18 16 O 62 20 17 15 O 50 50 24 13"),
        Part("light", "O 40 22 13 10 O 60 15 11 8 O 25 37 11 8 O 66 36 10 7", alpha=0.16),
        Part("dark", "O 56 52 20 9 O 76 48 13 8 O 32 52 12 7", alpha=0.22),
    ),
    "ground",
    size=1.2,
)
HOUSE = Subject(
    (
        Part("second", "R 66 22 9 22 1"),
        Part("light", "M 14 50 L 86 50 L 86 100 L 14 100 Z"),
        Part(
            "main",
            "M 6 54 L 50 18 L 94 54 L 88 57 L 50 26 L 12 57 Z M 12 57 L 50 26 L 88 57 L 88 52 L "
            "50 20 L 12 52 Z",
        ),
        Part("light", "M 20 52 L 50 27 L 80 52 Z"),
        Part("lamp", "R 22 62 18 16 1.5 R 60 62 18 16 1.5 O 50 42 5 5"),
        Part("dark", "M 31 62 L 31 78 M 22 70 L 40 70 M 69 62 L 69 78 M 60 70 L 78 70", line=1.3, alpha=0.7),
        Part("main", "M 43 100 L 43 74 Q 50 66 57 74 L 57 100 Z"),
        Part("lamp", "O 54 88 1.2 1.2"),
        Part("green", "O 12 98 9 7 O 24 100 8 5 O 88 98 9 8"),
    ),
    "ground",
    size=1.1,
    lamp=(50.0, 70.0),
)
LIGHTHOUSE = Subject(
    (
        Part("dark", "M 20 100 Q 30 88 50 89 Q 72 88 82 100 Z"),
        Part("light", "M 43 26 L 57 26 L 63 92 L 37 92 Z"),
        Part("main", "M 42.2 36 L 57.8 36 L 59 49 L 41 49 Z M 40 62 L 60 62 L 61.4 76 L 38.6 76 Z"),
        Part("dark", "R 40 23 20 3.6 1"),
        Part("lamp", "M 44 12 L 56 12 L 56 23 L 44 23 Z"),
        Part("main", "M 42 12 Q 50 0 58 12 Z"),
        Part("dark", "M 50 12 L 50 23 M 50 0 L 50 4", line=1.0),
        Part("dark", "R 47 82 6 10 2"),
    ),
    "ground",
    size=1.25,
    lamp=(50.0, 17.0),
)
