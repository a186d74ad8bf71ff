"""Things that stand on a table."""

from generations.providers.animatic.subjects.shapes import Part, Subject

CUP = Subject(
    (
        Part("main", "M 69 50 C 92 44 94 82 66 80", line=6.5),
        Part("main", "M 24 38 L 29 92 Q 30 100 38 100 L 62 100 Q 70 100 71 92 L 76 38 Z"),
        Part("second", "M 25.8 57 L 28 80 L 72.3 80 L 74.2 57 Z"),
        Part("light", "M 25.6 54.5 L 25.9 57.5 L 74.1 57.5 L 74.4 54.5 Z", alpha=0.55),
        Part("light", "O 50 68.5 6.5 6.5", alpha=0.9),
        Part("light", "O 50 38 26 6.2"),
        Part("wood", "O 50 38.6 23 4.6"),
        Part("dark", "M 27 37 Q 50 30 73 37 Q 50 42 27 37 Z", alpha=0.25),
    ),
    "table",
    size=0.9,
    steam=True,
)
BOTTLE = Subject(
    (
        Part(
            "glass",
            "M 43 14 L 43 30 C 43 38 32 40 32 52 L 32 94 Q 32 100 38 100 L 62 100 Q 68 100 68 94 "
            "L 68 52 C 68 40 57 38 57 30 L 57 14 Z",
        ),
        Part("main", "M 32 56 L 68 56 L 68 86 L 32 86 Z"),
        Part("light", "O 50 71 9 9", alpha=0.92),
        Part("second", "M 41 4 L 59 4 L 59 15 L 41 15 Z"),
        Part("light", "M 36 50 Q 37 44 41 42 L 41 95 Q 36 96 36 92 Z", alpha=0.28),
    ),
    "table",
    size=1.1,
)
SHOE = Subject(
    (
        Part("light", "M 4 88 L 96 86 Q 99 100 90 100 L 10 100 Q 2 100 4 88 Z"),
        Part("main", "M 6 52 Q 16 58 27 49 L 36 44 Q 46 58 62 66 L 84 72 Q 97 76 95 89 L 5 89 Q 2 70 6 52 Z"),
        Part("second", "M 18 89 Q 30 66 56 72 Q 66 78 62 89 Z"),
        Part("dark", "M 6 52 Q 16 58 27 49 L 28 54 Q 16 64 6 58 Z", alpha=0.5),
        Part("light", "M 40 56 L 49 49 M 46 62 L 55 55 M 53 66.5 L 62 59.5", line=2.4),
        Part("second", "M 78 72 Q 95 76 95 89 L 76 89 Q 72 80 78 72 Z", alpha=0.7),
    ),
    "table",
    size=0.85,
)
PHONE = Subject(
    (
        Part("dark", "R 27 2 46 98 8"),
        Part("main", "R 30 6 40 90 5"),
        Part("second", "M 30 60 Q 44 44 54 56 Q 62 66 70 52 L 70 91 Q 70 96 65 96 L 35 96 Q 30 96 30 91 Z"),
        Part("light", "O 50 30 9 9", alpha=0.9),
        Part("dark", "R 43 9 14 3.6 1.8"),
        Part("light", "R 36 74 28 3 1.5", alpha=0.8),
        Part("light", "R 36 81 18 3 1.5", alpha=0.6),
    ),
    "table",
    size=1.05,
)
WATCH = Subject(
    (
        Part("wood", "M 37 2 L 63 2 L 66 30 L 34 30 Z M 34 70 L 66 70 L 63 100 L 37 100 Z"),
        Part("metal", "O 50 50 28 28"),
        Part("dark", "O 50 50 23.5 23.5"),
        Part("metal", "R 77 46 6 8 2"),
        Part("light", "M 50 30 L 50 34 M 50 66 L 50 70 M 30 50 L 34 50 M 66 50 L 70 50", line=2.2),
        Part("light", "M 50 50 L 50 36 M 50 50 L 61 56", line=2.4),
        Part("main", "M 50 50 L 38 62", line=1.4),
        Part("main", "O 50 50 2.6 2.6"),
    ),
    "table",
)
BOOK = Subject(
    (
        Part("main", "M 2 92 L 50 100 L 98 92 L 98 96 L 50 104 L 2 96 Z"),
        Part(
            "light",
            "M 6 50 Q 28 42 50 54 L 50 99 Q 28 88 6 93 Z M 94 50 Q 72 42 50 54 L 50 99 Q 72 88 94 93 Z",
        ),
        Part("dark", "M 50 54 L 50 99", line=1.4, alpha=0.5),
        Part(
            "dark",
            "M 13 60 Q 28 55 43 62 M 13 68 Q 28 63 43 70 M 13 76 Q 28 71 43 78 M 57 62 Q 72 55 87 "
            "60 M 57 70 Q 72 63 87 68 M 57 78 Q 72 71 87 76",
            line=1.6,
            alpha=0.35,
        ),
        Part("second", "M 70 47 L 77 46.6 L 77 70 L 73.5 66 L 70 70 Z"),
    ),
    "table",
    size=0.9,
)
LAMP = Subject(
    (
        Part("metal", "M 32 96 Q 50 90 68 96 L 68 100 L 32 100 Z"),
        Part("metal", "M 50 94 L 36 60 L 58 30", line=3.2),
        Part("lamp", "O 66 37 8 6"),
        Part("main", "M 50 26 Q 60 10 72 18 Q 84 26 82 44 L 44 36 Q 46 28 50 26 Z"),
        Part("metal", "O 36 60 3 3"),
    ),
    "table",
    lamp=(66.0, 40.0),
)
PLANT = Subject(
    (
        Part(
            "green",
            "M 50 70 C 44 44 24 40 12 30 C 16 52 32 66 50 72 Z M 50 70 C 56 40 74 34 90 26 C 86 "
            "50 70 64 50 72 Z",
        ),
        Part(
            "green",
            "M 49 70 C 30 62 18 62 6 64 C 18 76 36 78 50 74 Z M 51 70 C 70 58 82 58 95 60 C 84 74 "
            "66 78 50 74 Z",
            alpha=0.92,
        ),
        Part("green", "M 50 70 C 36 40 42 18 52 2 C 62 20 64 44 50 70 Z"),
        Part("dark", "M 50 70 L 51.5 12 M 50 71 L 20 38 M 50 71 L 82 35", line=1.0, alpha=0.35),
        Part("main", "M 29 68 L 71 68 L 66 97 Q 65.5 100 62 100 L 38 100 Q 34.5 100 34 97 Z"),
        Part("second", "R 26 64 48 9 3"),
    ),
    "table",
)
GUITAR = Subject(
    (
        Part("wood", "M 46 4 L 54 4 L 53.5 48 L 46.5 48 Z"),
        Part("dark", "M 44 0 L 56 0 L 55 12 L 45 12 Z"),
        Part(
            "main",
            "M 50 42 C 34 38 28 50 34 60 C 36 64 22 68 22 83 C 22 95 34 100 50 100 C 66 100 78 95 "
            "78 83 C 78 68 64 64 66 60 C 72 50 66 38 50 42 Z",
        ),
        Part("dark", "O 50 65 8.4 8.4"),
        Part("dark", "R 41 84 18 4 1"),
        Part("light", "M 48.6 8 L 48.6 85 M 50 8 L 50 85 M 51.4 8 L 51.4 85", line=0.5, alpha=0.8),
    ),
    "table",
    size=1.1,
)
