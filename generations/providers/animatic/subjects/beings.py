"""People, animals, and a robot."""

from generations.providers.animatic.subjects.shapes import Part, Subject

PERSON = Subject(
    (
        Part(
            "dark",
            "M 44 62 L 43 97 L 39 97 Q 36 100 41 100 L 48 100 L 50.5 68 L 52 100 L 60 100 Q 63 97 "
            "57 97 L 57 62 Z",
        ),
        Part("skin", "M 47.4 14 L 52.6 14 L 53 24 L 47 24 Z"),
        Part("main", "M 41 27 Q 36 42 36.5 58", line=5.6),
        Part("main", "M 59 27 Q 64 42 63.5 58", line=5.6),
        Part("skin", "O 36.5 61.5 2.2 2.8 O 63.5 61.5 2.2 2.8"),
        Part("main", "M 40 25 Q 50 20 60 25 Q 62 42 61 68 Q 50 71 39 68 Q 38 42 40 25 Z"),
        Part("dark", "M 50 25 L 50 69", line=0.8, alpha=0.35),
        Part(
            "second",
            "M 42.5 21.5 Q 50 27 57.5 21.5 L 58 26.5 Q 50 31 42 26.5 Z M 54 26 L 58 40 L 53.5 41 L 52 27 Z",
        ),
        Part("skin", "O 50 11.5 5.2 6.6"),
        Part("dark", "M 44 12.5 Q 42.5 3 50 3 Q 57.5 3 56 12.5 Q 55.5 8 52 7.5 Q 47 8.6 45.4 8.4 Z"),
    ),
    "ground",
    size=1.05,
)
RUNNER = Subject(
    (
        Part("dark", "M 48 56 L 66 68 L 60 86 M 46 56 L 34 72 L 16 74", line=7.0),
        Part("second", "M 58 87 L 68 90 M 16 70 L 13 79", line=5.0),
        Part("main", "M 47 24 Q 58 22 60 32 L 53 58 L 40 55 Q 40 36 47 24 Z"),
        Part("skin", "M 56 30 L 68 42 L 78 34 M 46 30 L 32 40 L 30 52", line=4.6),
        Part("skin", "O 60 13 6.4 7.6"),
        Part("dark", "M 53 12 Q 54 3 62 4 Q 69 6 66 11 Q 60 8 57 13 L 50 16 Z"),
    ),
    "ground",
)
CAT = Subject(
    (
        Part("main", "M 66 96 C 92 98 96 74 84 62", line=6.0),
        Part("main", "M 30 100 C 26 76 32 52 38 38 L 60 38 C 68 54 74 80 71 100 Z"),
        Part("main", "M 27 20 L 32 4 L 42 16 L 56 16 L 66 4 L 71 20 Q 74 44 49 46 Q 24 44 27 20 Z"),
        Part("light", "M 44 58 Q 50 56 55 58 Q 58 78 50 92 Q 42 78 44 58 Z", alpha=0.8),
        Part("second", "M 33 10 L 34 18 L 39 16 Z M 65 10 L 64 18 L 59 16 Z"),
        Part("lamp", "O 40 28 4 4.4 O 58 28 4 4.4"),
        Part("dark", "O 40 28 1.3 4 O 58 28 1.3 4"),
        Part("second", "M 46.5 34 L 51.5 34 L 49 37 Z"),
        Part("light", "M 36 36 L 20 33 M 36 38 L 20 40 M 62 36 L 78 33 M 62 38 L 78 40", line=0.8),
        Part("dark", "M 42 100 L 42 84 M 58 100 L 58 84", line=1.2, alpha=0.45),
    ),
    "ground",
    size=0.75,
)
DOG = Subject(
    (
        Part("main", "M 16 62 Q 6 52 8 40", line=5.5),
        Part(
            "main",
            "M 16 60 Q 20 54 34 55 L 56 55 Q 60 44 66 36 L 72 24 Q 84 22 88 32 L 97 37 Q 97 46 86 "
            "47 Q 82 60 76 66 L 75 98 L 67 98 L 65 76 L 34 76 L 30 98 L 21 98 L 22 78 Q 12 72 16 "
            "60 Z",
        ),
        Part("dark", "M 72 24 Q 62 28 65 45 Q 73 44 76 30 Z", alpha=0.75),
        Part("second", "M 62 51 Q 70 58 80 57 L 79 62 Q 69 63 60 56 Z"),
        Part("dark", "O 96 38 2.4 2.2 O 83 33 1.6 1.8"),
        Part("main", "M 60 74 L 61 98 L 55 98 L 53 75 Z M 38 74 L 41 98 L 35 98 L 33 75 Z", alpha=0.8),
    ),
    "ground",
    size=0.85,
)
BIRD = Subject(
    (
        Part("main", "M 52 46 C 40 20 20 10 2 12 C 14 20 20 36 34 52 Z"),
        Part("second", "M 54 46 C 62 18 80 8 98 12 C 86 20 80 38 66 54 Z"),
        Part(
            "main",
            "M 28 64 Q 42 42 64 44 Q 74 38 82 44 L 92 48 L 82 52 Q 74 66 52 68 L 24 76 Q 18 74 28 64 Z",
        ),
        Part("light", "M 48 66 Q 64 64 78 54 Q 68 66 52 68 Z", alpha=0.7),
        Part("dark", "O 79 46 1.5 1.5"),
        Part("lamp", "M 84 45.5 L 93 48 L 84 50.5 Z"),
    ),
    "air",
    size=0.8,
)
FISH = Subject(
    (
        Part("second", "M 24 56 L 2 38 Q 8 56 2 76 Z"),
        Part("second", "M 44 40 Q 56 20 72 38 Z M 48 72 Q 56 86 66 74 Z"),
        Part("main", "M 16 57 Q 44 28 74 38 Q 94 44 98 57 Q 92 70 74 76 Q 44 84 16 57 Z"),
        Part("light", "M 40 70 Q 66 78 94 62 Q 86 72 74 76 Q 56 80 40 70 Z", alpha=0.5),
        Part("light", "O 82 52 4.4 4.4"),
        Part("dark", "O 83 52 2.2 2.2"),
        Part("dark", "M 68 42 Q 60 57 68 72", line=1.4, alpha=0.4),
    ),
    "air",
    size=0.75,
)
WHALE = Subject(
    (
        Part(
            "main",
            "M 14 66 Q 8 48 0 42 Q 12 40 18 48 Q 24 38 36 40 Q 28 48 24 60 Q 36 40 64 42 Q 96 44 "
            "98 66 Q 96 84 66 86 Q 30 86 14 66 Z",
        ),
        Part("light", "M 40 80 Q 72 82 97 70 Q 92 84 66 86 Q 52 86 40 80 Z", alpha=0.85),
        Part("second", "M 56 74 Q 60 90 48 96 Q 44 84 46 76 Z"),
        Part("dark", "O 84 62 1.8 1.8"),
        Part("dark", "M 50 82 Q 72 84 92 75 M 60 85 Q 76 85 88 79", line=0.8, alpha=0.4),
    ),
    "air",
    size=1.2,
)
ROBOT = Subject(
    (
        Part("metal", "M 50 4 L 50 14", line=2.0),
        Part("lamp", "O 50 4 3.4 3.4"),
        Part("light", "R 30 12 40 30 9"),
        Part("dark", "R 35 19 30 15 7"),
        Part("lamp", "O 43 26.5 3.4 3.8 O 57 26.5 3.4 3.8"),
        Part("metal", "R 44 41 12 6 1"),
        Part("main", "R 28 46 44 34 9"),
        Part("second", "R 37 54 26 15 4"),
        Part("light", "O 44 61.5 3 3 O 56 61.5 3 3"),
        Part("metal", "M 27 52 Q 14 58 17 74 M 73 52 Q 86 58 83 74", line=5.0),
        Part("light", "O 17 76 4.4 4.4 O 83 76 4.4 4.4"),
        Part("metal", "R 35 79 9 15 2 R 56 79 9 15 2"),
        Part("dark", "R 31 92 16 8 4 R 53 92 16 8 4"),
    ),
    "ground",
    size=0.9,
    lamp=(50.0, 4.0),
)
