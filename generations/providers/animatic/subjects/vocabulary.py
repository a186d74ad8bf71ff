"""The words by which a subject is recognised, in several languages."""

import re
import unicodedata

from generations.providers.animatic.subjects import beings, movers, places, things
from generations.providers.animatic.subjects.shapes import Subject

#: English, German, French, Spanish, Russian, Greek.
#: Words that mean something else in one of the other languages are left out.
_WORDS: tuple[tuple[Subject, str], ...] = (
    (
        things.CUP,
        "cup cups mug mugs coffee espresso cappuccino latte tea becher tasse kaffee "
        "kaffeebecher kaffeetasse taza кофе чашка кружка чай καφές κούπα φλιτζάνι",
    ),
    (
        things.BOTTLE,
        "bottle bottles flask flasche trinkflasche bouteille botella бутылка μπουκάλι perfume "
        "parfum juice wine beer",
    ),
    (
        things.SHOE,
        "shoe shoes sneaker sneakers trainer trainers boots schuh schuhe turnschuh "
        "chaussure chaussures zapato zapatos zapatilla zapatillas туфли кроссовки "
        "ботинки παπούτσι παπούτσια",
    ),
    (
        things.PHONE,
        "phone smartphone telefon téléphone teléfono móvil телефон смартфон τηλέφωνο κινητό",
    ),
    (things.WATCH, "watch watches wristwatch uhr reloj часы ρολόι"),
    (
        things.BOOK,
        "book books notebook novel buch bücher livre livres libro libros книга книги βιβλίο βιβλία",
    ),
    (things.GUITAR, "guitar gitarre guitare guitarra гитара κιθάρα"),
    (things.LAMP, "lamp lantern desk-lamp lampe laterne lampada lámpara лампа λάμπα"),
    (
        things.PLANT,
        "plant plants houseplant flower flowers pflanze pflanzen blume plante fleur planta "
        "flor растение цветок φυτό λουλούδι",
    ),
    (
        movers.BICYCLE,
        "bicycle bike bikes cyclist e-bike fahrrad vélo bicyclette bicicleta велосипед ποδήλατο",
    ),
    (movers.CAR, "car cars taxi automobile auto voiture coche carro машина автомобиль αυτοκίνητο"),
    (
        movers.TRAIN,
        "train trains tram tramway subway zug straßenbahn tranvía tren поезд трамвай τρένο",
    ),
    (movers.ROCKET, "rocket spaceship spacecraft rakete fusée cohete ракета πύραυλος"),
    (movers.BALLOON, "balloon balloons ballon heißluftballon montgolfière globo αερόστατο"),
    (
        movers.BOAT,
        "boat boats sailboat ship yacht boot schiff segelboot bateau voilier barco velero "
        "лодка корабль βάρκα πλοίο καράβι",
    ),
    (places.LIGHTHOUSE, "lighthouse leuchtturm phare маяк φάρος"),
    (places.HOUSE, "house cottage cabin haus hütte maison chalet casa дом σπίτι"),
    (places.TREE, "tree oak baum arbre árbol дерево δέντρο"),
    (beings.CAT, "cat cats kitten katze kätzchen gato кот кошка γάτα"),
    (beings.DOG, "dog dogs puppy hund welpe chien perro собака пёс σκύλος"),
    (beings.BIRD, "bird eagle hawk gull vogel adler oiseau aigle pájaro águila птица орёл πουλί αετός"),
    (beings.WHALE, "whale baleine ballena кит φάλαινα"),
    (beings.FISH, "fish koi goldfish fisch poisson pez pescado рыба ψάρι"),
    (beings.ROBOT, "robot robots android roboter робот ρομπότ"),
    (beings.RUNNER, "runner jogger läufer läuferin coureur corredor corredora бегун δρομέας"),
    (
        beings.PERSON,
        "person man woman boy girl child hiker traveller traveler astronaut mann frau "
        "wanderer homme femme enfant hombre mujer niño niña мужчина женщина ребёнок άνθρωπος "
        "άντρας γυναίκα παιδί",
    ),
)


def _folded(text: str) -> str:
    """Lower case without accents, so that a forgotten accent does not matter."""
    letters = unicodedata.normalize("NFD", text.lower().replace("ß", "ss"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


_MEANINGS = {word: subject for subject, words in _WORDS for word in _folded(words).split()}
#: Words that end German compounds. A general rule would see a train in `restrain`, a phone in `saxophone`.
_COMPOUND_ENDS = (
    "becher", "tasse", "kaffee", "flasche", "schuh", "schuhe", "telefon", "buch", "pflanze", "blume", "lampe",
    "fahrrad", "segelboot", "schiff", "baum", "katze", "hund", "vogel", "rakete", "ballon", "gitarre", "uhr",
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def subject_in(*texts: str) -> Subject | None:
    """The first thing named in the first text that names one."""
    for text in texts:
        for word in _WORD.findall(_folded(text)):
            if found := _meaning(word):
                return found
    return None


def _meaning(word: str) -> Subject | None:
    if word in _MEANINGS:
        return _MEANINGS[word]
    ending = next((end for end in _COMPOUND_ENDS if word.endswith(end)), None)
    return _MEANINGS.get(ending) if ending else None
