"""The scene families: one painter for each setting."""

from collections.abc import Callable

from analysis.contracts import Setting
from generations.providers.animatic.families.abstract import paint_abstract
from generations.providers.animatic.families.city import paint_city
from generations.providers.animatic.families.desert import paint_desert
from generations.providers.animatic.families.forest import paint_forest
from generations.providers.animatic.families.interior import paint_interior
from generations.providers.animatic.families.mountains import paint_mountains
from generations.providers.animatic.families.sea import paint_sea
from generations.providers.animatic.families.sky import paint_heights
from generations.providers.animatic.families.space import paint_space
from generations.providers.animatic.families.street import paint_street
from generations.providers.animatic.picture import Picture

FAMILIES: dict[Setting, Callable[[Picture], None]] = {
    "mountains": paint_mountains,
    "sea": paint_sea,
    "city": paint_city,
    "street": paint_street,
    "interior": paint_interior,
    "forest": paint_forest,
    "desert": paint_desert,
    "sky": paint_heights,
    "space": paint_space,
    "abstract": paint_abstract,
}
