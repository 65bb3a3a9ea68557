"""A camera in the notebook: play against a network, take pictures of gestures of one's own.

`Webcam` is a panel on the page. The page shows pictures, counts down and sends one picture at a
time; whatever counts happens here, in the kernel: a `Game` draws the computer's moves, reads the
pictures and keeps the score, an `Album` names the pictures and writes them.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import random
import re
import secrets
import threading
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import numpy as np
import traitlets
from PIL import Image

from helpers.environment import OWN_FOLDER
from helpers.evaluation import Scores
from helpers.messages import OneSentence
from helpers.parameters import RULES
from helpers.photos import classify_photo, open_photo, to_square_array
from helpers.samples import draw_picture
from helpers.samples.hands import GESTURES

if TYPE_CHECKING:
    import keras

    from helpers.data.pictures import Pictures

ROUNDS = 5  # of a game
MARGIN = 0.2  # by which the likeliest class must lead for the network to be sure
TRIES = 50  # pictures in a row that a network may be unsure of
EACH = 30  # pictures to take of a gesture
TAKES = 5  # in so many goes: pictures of one go are alike, and are held out together
NUMBER = re.compile(r"take(\d+)-(\d+)")


class WebcamError(OneSentence):
    """What the camera's panel cannot do; the message says why and what to do."""


# A game ----------------------------------------------------------------------------------------


@dataclass(eq=False)  # no two rounds are one
class Round:
    """One round of a game."""

    move: str  # the computer's gesture, drawn before the player's is read
    salt: str  # 16 hexadecimal digits that keep the seal from being guessed
    seal: str  # what the computer says before the round, see `seal_of`
    frame: bytes = field(default=b"", repr=False)  # of a file: the picture that was read
    probabilities: tuple[float, ...] = ()  # as the network read it, in the order of the classes
    read: str = ""  # the likeliest class; "" while the network is unsure
    outcome: str = ""  # "won", "lost" or "draw", as the player sees it; "" while it is open
    unsure: int = 0  # how often the network was not sure before
    shown: str = ""  # what the player says it was; "" if nothing


def seal_of(move: str, salt: str) -> str:
    """Return what commits to a move without telling it: the SHA-256 of salt and move."""
    return hashlib.sha256(f"{salt} {move}".encode()).hexdigest()


class Game:
    """Best of five against a network that reads the player's hand.

    Each gesture beats the next one of the list, and the last one beats the first; of five
    gestures or six, each beats the next two, and so on. Of two, the player wins if they differ.

    Args:
        network: takes (n, size, size, 3) pixels, 0 to 255, ends in a softmax over the classes (else
            ValueError).
        classes: two names or more, in the order of the network's outputs.
        seed: fixes the computer's moves and salts; None draws them from the system, so that nobody
            can learn them.
    """

    kind = "game"
    margin = MARGIN

    def __init__(
        self, network: keras.Model, classes: Sequence[str], seed: int | None = None
    ) -> None:
        self.network, self.classes = network, tuple(classes)
        self._random = random.SystemRandom() if seed is None else random.Random(seed)
        self.rounds: list[Round] = []
        self.told: list[Round] = []  # of earlier games, too
        hand = draw_jpeg(GESTURES[0], 0)
        classify_photo(network, hand, self.classes)  # does it fit?
        self.look(hand)  # the first call takes longest

    def __repr__(self) -> str:
        won, lost = self.score
        return f"Game({', '.join(self.classes)}; you {won}, computer {lost})"

    @property
    def score(self) -> tuple[int, int]:
        """Rounds of this game that the player has won, and lost."""
        outcomes = [one.outcome for one in self.rounds]
        return outcomes.count("won"), outcomes.count("lost")

    @property
    def is_over(self) -> bool:
        """Whether all rounds of this game are played."""
        return len(self.rounds) == ROUNDS and bool(self.rounds[-1].outcome)

    def beats(self, one: str, other: str) -> bool:
        """Tell whether a gesture beats another."""
        number = len(self.classes)
        ahead = (self.classes.index(other) - self.classes.index(one)) % number
        return 0 < ahead <= (number - 1) // 2

    def look(self, frame: bytes) -> tuple[float, ...]:
        """Let the network read a picture file's bytes; return the probability of each class."""
        images = self._as_seen(frame)[np.newaxis].astype(np.float32)
        return tuple(self.network.predict_on_batch(images)[0].tolist())

    def _as_seen(self, frame: bytes) -> np.ndarray:
        return to_square_array(open_photo(frame), self.network.input_shape[1])

    def deal(self) -> Round:
        """Draw the computer's move for the next round, unless one is open; begin a new game."""
        if self.is_over:
            self.rounds = []
        if not self.rounds or self.rounds[-1].outcome:
            move, salt = self._random.choice(self.classes), f"{self._random.getrandbits(64):016x}"
            self.rounds.append(Round(move, salt, seal_of(move, salt)))
        return self.rounds[-1]

    def read(self, frame: bytes) -> Round:
        """Read the player's hand and decide the round, unless the network is not sure.

        The frame, the bytes of a picture file (else PhotoError), is kept with the round, which must
        have been dealt (else WebcamError).
        """
        if not self.rounds or self.rounds[-1].outcome:
            raise WebcamError("The computer has not drawn its move; deal before you read.")
        this = self.rounds[-1]
        this.frame, this.probabilities = frame, self.look(frame)
        first, second = sorted(this.probabilities, reverse=True)[:2]
        if first - second < self.margin:
            this.unsure += 1
        else:
            this.read = self.classes[this.probabilities.index(first)]
            this.outcome = self.outcome_of(this.read, this.move)
        return this

    def outcome_of(self, read: str, move: str) -> str:
        """Return "won", "lost" or "draw", as the player sees it."""
        if len(self.classes) == 2:
            return "lost" if read == move else "won"
        won, lost = self.beats(read, move), self.beats(move, read)
        return "won" if won else "lost" if lost else "draw"

    def tell(self, shown: str) -> None:
        """Note what the player says was shown in the last decided round; the last word counts."""
        if not self.rounds or not self.rounds[-1].outcome:
            raise WebcamError("No round is decided yet; play one, then say what you showed.")
        if shown not in self.classes:
            raise WebcamError(f"There is no {shown!r}; it was one of {', '.join(self.classes)}.")
        this = self.rounds[-1]
        this.shown = shown
        if this not in self.told:
            self.told.append(this)

    @property
    def scores(self) -> Scores:
        """What the network read in all rounds whose gesture was told, for `helpers.plotting`."""
        read = np.array([one.probabilities for one in self.told], np.float32)
        shown = np.array([self.classes.index(one.shown) for one in self.told], np.int32)
        return Scores(read.reshape(-1, len(self.classes)), shown, self.classes)

    @property
    def frames(self) -> np.ndarray:
        """This game's decided rounds as the network saw them: RGB, uint8, (n, size, size, 3)."""
        decided = [self._as_seen(one.frame) for one in self.rounds if one.outcome]
        return np.array(decided, np.uint8).reshape(-1, *self.network.input_shape[1:])

    def record(self) -> dict[str, Any]:
        """Return this game as plain data, without its pictures, which `frames` has."""
        won, lost = self.score
        rounds = [asdict(one) for one in self.rounds if one.outcome]
        for one in rounds:
            del one["frame"]
        return {"classes": self.classes, "you": won, "computer": lost, "rounds": rounds}

    # What the page may ask.

    def answer(self, question: Mapping[str, Any], frame: bytes) -> dict[str, Any]:
        """Answer the page: `do` is look, deal, read, tell or draw."""
        do = question.get("do")
        if do == "look":
            return {"probabilities": list(self.look(frame))}
        if do == "deal":
            return {"seal": self.deal().seal, **self._standing()}
        if do == "read":
            this = self.read(frame)
            answer = {"probabilities": list(this.probabilities), **self._standing()}
            told = ("move", "salt", "seal", "read", "outcome") if this.outcome else ()
            return answer | {name: getattr(this, name) for name in told}
        if do == "tell":
            self.tell(question.get("shown"))
            return {"confusion": self.scores.confusion.tolist(), **self._standing()}
        if do == "draw":
            hand = draw_jpeg(secrets.choice(GESTURES), secrets.randbelow(2**31))
            return {"picture": base64.b64encode(hand).decode()}
        raise WebcamError(f"The page asked for {do!r}, which a game does not know.")

    def _standing(self) -> dict[str, Any]:
        won, lost = self.score
        outcomes = [one.outcome for one in self.rounds if one.outcome]
        return {"you": won, "computer": lost, "outcomes": outcomes, "over": self.is_over}

    def for_page(self) -> dict[str, Any]:
        """Return what the page shows from the start."""
        drawn = GESTURES if set(self.classes) == set(GESTURES) else ()
        portraits = {name: portrait(name) for name in drawn}
        rule = "You win if the two differ"
        if len(self.classes) > 2:
            pairs = itertools.product(self.classes, repeat=2)
            won = [f"{one} beats {other}" for one, other in pairs if self.beats(one, other)]
            rule = ", ".join(won).capitalize()
        return {"portraits": portraits, "rounds": ROUNDS, "beats": rule}


def play_alone(game: Game, pictures: Pictures, seed: int = 0) -> Game:
    """Let pictures of the game's classes play it to its end, chosen by `seed`; they tell the truth.

    Where the classes differ, or the network is sure of no picture, it is a WebcamError.
    """
    if game.classes != tuple(pictures.classes):
        raise WebcamError(
            f"The game has {', '.join(game.classes)}, the pictures {', '.join(pictures.classes)}; "
            "take pictures of the same classes in the same order."
        )
    chance = random.Random(seed)
    while not game.is_over:
        this = game.deal()
        while not this.outcome:
            position = chance.randrange(len(pictures))
            game.read(_as_bytes(Image.fromarray(pictures.images[position]), "PNG"))  # to the bit
            if this.unsure >= TRIES:
                raise WebcamError(
                    f"The network was not confident in {TRIES} pictures in a row; train longer."
                )
        game.tell(game.classes[pictures.labels[position]])
    return game


def draw_jpeg(gesture: str, seed: int, side: int = 300) -> bytes:
    """Draw a hand, one of `GESTURES`, as the bytes of a JPEG file."""
    picture = draw_picture("rock_paper_scissors", GESTURES.index(gesture), seed)
    return _as_bytes(picture.resize((side, side)), "JPEG")


def portrait(gesture: str) -> str:
    """Return the address, which holds it whole, of a drawn hand."""
    return f"data:image/jpeg;base64,{base64.b64encode(draw_jpeg(gesture, 3, 200)).decode()}"


def _as_bytes(picture: Image.Image, kind: str) -> bytes:
    picture.save(buffer := BytesIO(), kind, quality=90)
    return buffer.getvalue()


def _write_new(path: Path, content: bytes) -> bool:
    """Write a new file, whole or not at all; return False where there is one already."""
    try:
        file = path.open("xb")
    except FileExistsError:
        return False
    try:
        with file:
            file.write(content)
    except OSError:  # the file is closed by now: Windows deletes no open one
        path.unlink()
        raise
    return True


# An album of one's own -------------------------------------------------------------------------


class Album:
    """A folder of one's own pictures: `data/own/<name>/<class>/take<t>-<n>.jpg`.

    Nothing is ever overwritten: takes and pictures are numbered by the highest so far plus one.
    For `name` and `classes` (a sequence, or a string with commas) see `ALBUM` and `GESTURES` in
    `helpers.parameters`; what they do not allow is a WebcamError.
    """

    kind = "album"

    def __init__(self, name: str, classes: str | Sequence[str], folder: Path = OWN_FOLDER) -> None:
        text = classes if isinstance(classes, str) else ", ".join(classes)
        for what, value in (("ALBUM", name), ("GESTURES", text)):
            if not RULES[what].accepts(value):
                raise WebcamError(f"{what} is {value!r}; it must be {RULES[what].allowed}.")
        self.classes = tuple(sorted(each.strip() for each in text.split(",")))
        self.name, self.folder = name, Path(folder) / name

    def __repr__(self) -> str:
        counts = ", ".join(f"{number} {name}" for name, number in self.count().items())
        return f"Album({self.name}: {counts})"

    def count(self) -> dict[str, int]:
        """Return the number of pictures of each gesture."""
        return {name: len(self._numbers(name)) for name in self.classes}

    @property
    def source(self) -> str:
        """What `DATA` may be: the folder if each gesture has thirty pictures, else "samples".

        Other gestures in the folder, which would be classes, too, are a WebcamError.
        """
        if min(self.count().values()) < EACH:
            return "samples"
        self._refuse_others()
        return str(self.folder)

    def begin(self, gesture: str) -> dict[str, int]:
        """Return the number of a new `take`, and how many `pictures` it is to have.

        The gesture has `have` pictures of the `goal`, the next multiple of thirty. No such gesture,
        or others in the folder, are a WebcamError.
        """
        self._refuse_others()
        taken = self._numbers(self._known(gesture))
        goal = (len(taken) // EACH + 1) * EACH
        take = max((take for take, _ in taken), default=0) + 1
        pictures = min(EACH // TAKES, goal - len(taken))
        return {"take": take, "pictures": pictures, "have": len(taken), "goal": goal}

    def add(self, gesture: str, take: int, frame: bytes) -> Path:
        """Write a picture, the bytes of a JPEG file (else PhotoError), to a new file; return that.

        No such gesture, a take (from `begin`) that is no number from 1 on, and a folder that cannot
        be written to are WebcamErrors.
        """
        folder = self.folder / self._known(gesture)
        if type(take) is not int or not 1 <= take <= 9999:
            raise WebcamError(f"The take is {take!r}; it must be a number from 1 to 9999.")
        open_photo(frame, ("JPEG",))
        number = max((number for _, number in self._numbers(gesture)), default=0) + 1
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for free in itertools.count(number):
                path = folder / f"take{take:02d}-{free:03d}.jpg"
                if _write_new(path, frame):  # never over another
                    return path
        except OSError as error:
            raise WebcamError(
                f"No picture could be written to {folder} ({error.strerror or error}); "
                "correct that, or choose another ALBUM."
            ) from None

    def _refuse_others(self) -> None:
        held = (file.parent.name for file in self.folder.glob("[!.]*/[!.]*"))
        others = {unicodedata.normalize("NFC", each) for each in held} - set(self.classes)
        if others:
            raise WebcamError(
                f"The album {self.name} also holds {', '.join(sorted(others))}; give ALBUM a new "
                "name, or add them to GESTURES."
            )

    def _known(self, gesture: Any) -> str:
        """Return a gesture's name; never a path of the page's making."""
        if gesture not in self.classes:
            raise WebcamError(f"There is no gesture {gesture!r}; name one of {self.classes}.")
        return gesture

    def _numbers(self, gesture: str) -> list[tuple[int, int]]:
        """List (take, number) of a gesture's pictures."""
        found = (NUMBER.fullmatch(path.stem) for path in (self.folder / gesture).glob("*.jpg"))
        return [(int(match[1]), int(match[2])) for match in found if match]

    def answer(self, question: Mapping[str, Any], frame: bytes) -> dict[str, Any]:
        """Answer the page: `do` is begin or add, `gesture` one of the classes."""
        do, gesture = question.get("do"), question.get("gesture")
        if do == "begin":
            return self.begin(gesture)
        if do == "add":
            self.add(gesture, question.get("take"), frame)
            return {"counts": self.count()}
        raise WebcamError(f"The page asked for {do!r}, which an album does not know.")

    def for_page(self) -> dict[str, Any]:
        """Return what the page shows from the start."""
        return {"counts": self.count(), "each": EACH, "place": f"data/own/{self.name}"}


# The panel on the page -------------------------------------------------------------------------


class Webcam(anywidget.AnyWidget):
    """A camera on the page, for a game or for an album.

    VS Code gives its camera to no notebook; without a front end (papermill, nbval) nothing happens.
    """

    _esm = Path(__file__).with_name("webcam.js")
    _css = Path(__file__).with_name("webcam.css")
    kind = traitlets.Unicode().tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    start = traitlets.Dict().tag(sync=True)

    def __init__(self, what: Game | Album) -> None:
        super().__init__(kind=what.kind, classes=list(what.classes), start=what.for_page())
        self.what = what
        self._one_at_a_time = threading.Lock()  # ipykernel 7 may answer in a thread of its own
        self.on_msg(self._answer)

    def __repr__(self) -> str:  # without an address: nbval compares it
        return f"Webcam for {'a game' if self.kind == 'game' else 'an album'}"

    def stop(self) -> None:
        """Switch the camera off."""
        self.send({"stop": True})

    def _answer(self, _: Any, question: Any, buffers: Sequence[Any]) -> None:
        """Answer the page: whatever fails, or it would wait."""
        reply: dict[str, Any] = {}
        try:
            reply = {name: question[name] for name in ("view", "number")}
            with self._one_at_a_time:
                frame = bytes(buffers[0]) if buffers else b""
                reply["answer"] = self.what.answer(question, frame)
        except OneSentence as error:
            reply["error"] = str(error)
        except Exception as error:  # of the network, of the disk, of a page of another version
            reply["error"] = f"{type(error).__name__}: {error}"
        self.send(reply)
