"""The scene families: one painter for each setting."""

from collections.abc import Callable

from analysis.contracts import Setting
from generations.providers.animatic.families.city import paint_city
from generations.providers.animatic.families.mountains import paint_mountains
from generations.providers.animatic.families.sea import paint_sea
from generations.providers.animatic.families.street import paint_street
from generations.providers.animatic.picture import Picture

FAMILIES: dict[Setting, Callable[[Picture], None]] = {
    "mountains": paint_mountains,
    "sea": paint_sea,
    "city": paint_city,
    "street": paint_street,
}
