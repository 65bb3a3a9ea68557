"""A game and an album behind the camera's panel, without a browser."""

from __future__ import annotations

import hashlib
import json
import os
from io import BytesIO

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image
from trained import colour_network

from helpers import webcam
from helpers.data.download import find_data
from helpers.data.pictures import Pictures
from helpers.photos import PhotoError, open_photo, to_square_array
from helpers.webcam import Album, Game, Round, Webcam, WebcamError

CLASSES = ("paper", "rock", "scissors")
COLOURS = {"paper": (255, 0, 0), "rock": (0, 255, 0), "scissors": (0, 0, 255)}


def jpeg(colour: tuple[int, int, int], side: int = 48, kind: str = "JPEG") -> bytes:
    Image.new("RGB", (side, side), colour).save(buffer := BytesIO(), kind)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def network():
    """Reads red as paper, green as rock, blue as scissors; is unsure of grey."""
    return colour_network(1 / 50)


@pytest.fixture
def game(network):
    return Game(network, CLASSES, seed=1)


def play(game: Game, shown: str) -> Round:
    game.deal()
    return game.read(jpeg(COLOURS[shown]))


# A game ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"), [("paper", "rock"), ("rock", "scissors"), ("scissors", "paper")]
)
def test_each_gesture_beats_the_next(game, one, other):
    assert game.beats(one, other) and not game.beats(other, one) and not game.beats(one, one)
    outcomes = (game.outcome_of(one, other), game.outcome_of(other, one), game.outcome_of(one, one))
    assert outcomes == ("won", "lost", "draw")


def game_of(names: tuple[str, ...]) -> Game:
    dense = layers.Dense(len(names), "softmax")
    return Game(keras.Sequential([keras.Input((32, 32, 3)), layers.Flatten(), dense]), names)


@pytest.mark.parametrize(("number", "beaten"), [(3, 1), (4, 1), (5, 2), (6, 2), (7, 3)])
def test_of_more_gestures_each_beats_as_many_as_beat_it(number, beaten):
    names = tuple("abcdefg"[:number])
    many = game_of(names)
    for one in names:
        assert sum(many.beats(one, other) for other in names) == beaten
        assert sum(many.beats(other, one) for other in names) == beaten


def test_of_two_gestures_the_player_wins_if_they_differ():
    two = game_of(("fist", "palm"))
    assert two.outcome_of("fist", "palm") == "won" and two.outcome_of("palm", "palm") == "lost"
    assert two.for_page()["beats"] == "You win if the two differ"
    assert two.for_page()["portraits"] == {}


def test_the_move_is_drawn_and_sealed_before_the_hand_is_read(game):
    dealt = game.deal()
    seal, move, salt = dealt.seal, dealt.move, dealt.salt
    assert game.deal() is dealt, "an open round stays as it is"
    this = game.read(jpeg(COLOURS["rock"]))
    assert (this.seal, this.move, this.salt) == (seal, move, salt)
    assert seal == hashlib.sha256(f"{salt} {move}".encode()).hexdigest()


def test_the_page_learns_the_move_only_when_the_round_is_decided(game):
    for question in ({"do": "deal"}, {"do": "look"}, {"do": "read"}):
        frame = jpeg((128, 128, 128))  # of which the network is unsure
        answer = json.dumps(game.answer(question, frame))
        assert game.rounds[-1].salt not in answer and "move" not in answer
    assert game.answer({"do": "read"}, jpeg(COLOURS["rock"]))["move"] == game.rounds[-1].move


def test_moves_follow_the_seed_and_without_one_nobody_can_learn_them(network):
    def moves(seed):
        game = Game(network, CLASSES, seed)
        return [play(game, "rock").salt for _ in range(5)]

    assert moves(3) == moves(3) != moves(4)
    assert moves(None) != moves(None)


def test_all_gestures_are_drawn(network):
    game = Game(network, CLASSES, seed=0)
    assert {play(game, "rock").move for _ in range(30)} == set(CLASSES)


def test_below_the_margin_the_round_stays_open(game):
    grey = jpeg((128, 128, 128))
    dealt = game.deal()
    this = game.read(grey)
    assert this is dealt and this.outcome == this.read == "" and this.unsure == 1
    assert game.score == (0, 0) and not game.record()["rounds"]
    this = game.read(jpeg(COLOURS["paper"]))
    assert this is dealt and this.read == "paper" and this.outcome and this.unsure == 1


def test_a_margin_of_zero_is_always_sure(network):
    game = Game(network, CLASSES)
    game.margin = 0
    game.deal()
    assert game.read(jpeg((128, 128, 128))).outcome


def test_five_rounds_are_a_game_and_then_a_new_one_begins(game):
    for number in range(5):
        assert not game.is_over
        assert len(game.rounds) == number
        play(game, "scissors")
    won, lost = game.score
    outcomes = [one.outcome for one in game.rounds]
    assert game.is_over and (won, lost) == (outcomes.count("won"), outcomes.count("lost"))
    assert game.deal().outcome == "" and len(game.rounds) == 1


def test_reading_before_dealing_is_refused(game):
    with pytest.raises(WebcamError, match="has not drawn its move; deal before you read"):
        game.read(jpeg(COLOURS["rock"]))
    play(game, "rock")
    with pytest.raises(WebcamError, match="deal before you read"):
        game.read(jpeg(COLOURS["rock"]))


def test_what_was_shown_fills_the_confusion_matrix_over_all_games(game):
    for _ in range(6):  # one more than a game
        play(game, "rock")
        game.tell("paper")
        game.tell("rock")  # the last word counts
    play(game, "scissors")
    game.tell("paper")
    assert game.scores.confusion.tolist() == [[0, 0, 1], [0, 6, 0], [0, 0, 0]]
    with pytest.raises(WebcamError, match="There is no 'lizard'; it was one of paper, rock"):
        game.tell("lizard")


def test_before_any_round_nothing_can_be_told_and_nothing_is_scored(game):
    with pytest.raises(WebcamError, match="No round is decided yet"):
        game.tell("rock")
    assert len(game.scores) == 0 and game.scores.probabilities.shape == (0, 3)
    assert game.frames.shape == (0, 32, 32, 3)


def test_the_record_is_plain_and_agrees_with_the_network_on_the_same_frames(game, network):
    for shown in ("rock", "paper", "scissors", "rock", "paper"):
        play(game, shown)
    record = json.loads(json.dumps(game.record()))
    again = network.predict(game.frames, verbose=0)
    for one, probabilities in zip(record["rounds"], again, strict=True):
        assert np.allclose(one["probabilities"], probabilities, atol=1e-5)
        assert one["read"] == CLASSES[np.argmax(probabilities)]
        assert one["seal"] == webcam.seal_of(one["move"], one["salt"])
        assert one["outcome"] == game.outcome_of(one["read"], one["move"])
    assert (record["you"], record["computer"]) == game.score


def test_a_frame_goes_through_the_door_of_every_picture(game, network):
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    Image.fromarray(noise).save(buffer := BytesIO(), "PNG")
    expected = network(to_square_array(open_photo(buffer.getvalue()), 32)[None].astype(np.float32))[
        0
    ]
    assert np.allclose(game.look(buffer.getvalue()), expected, atol=1e-6)


@pytest.mark.parametrize("frame", [b"", b"no picture", jpeg((9, 9, 9))[:200]])
def test_a_bad_frame_is_one_sentence_and_spoils_nothing(game, frame):
    before = game.deal()
    with pytest.raises(PhotoError):
        game.read(frame)
    assert game.rounds == [before] and before.unsure == 0


def test_a_network_that_does_not_fit_is_refused(network):
    with pytest.raises(ValueError, match="4 classes are named"):
        Game(network, ("a", "b", "c", "d"))


def test_pictures_play_where_nobody_does(network):
    images = np.array([np.full((32, 32, 3), colour, np.uint8) for colour in COLOURS.values()])
    pictures = Pictures(images, np.arange(3, dtype=np.int32), tuple("abc"), CLASSES)
    game = webcam.play_alone(Game(network, CLASSES, 2), pictures, 2)
    assert game.is_over and np.trace(game.scores.confusion) == 5
    assert (game.frames == images[[CLASSES.index(one.shown) for one in game.rounds]]).all()
    grey = Pictures(np.full_like(images, 128), pictures.labels, pictures.names, CLASSES)
    with pytest.raises(WebcamError, match="not confident in 50 pictures in a row"):
        webcam.play_alone(Game(network, CLASSES, 2), grey)
    with pytest.raises(WebcamError, match="The game has rock, paper, scissors, the pictures paper"):
        webcam.play_alone(Game(network, ("rock", "paper", "scissors")), pictures)


# An album --------------------------------------------------------------------------------------


def test_thirty_pictures_come_in_five_takes(tmp_path):
    album = Album("hands", "rock, paper", tmp_path)
    assert album.classes == ("paper", "rock") and album.source == "samples"
    for gesture in album.classes:
        while (begun := album.begin(gesture))["have"] < 30:
            for _ in range(begun["pictures"]):
                album.add(gesture, begun["take"], jpeg((9, 9, 9)))
            assert begun["goal"] == 30
    names = sorted(path.name for path in (tmp_path / "hands" / "rock").iterdir())
    assert len(names) == 30
    assert names[0] == "take01-001.jpg" and names[-1] == "take05-030.jpg"
    assert len({name.partition("-")[0] for name in names}) == 5
    assert album.count() == {"paper": 30, "rock": 30} and album.source == str(tmp_path / "hands")
    assert album.begin("rock") == {"take": 6, "pictures": 6, "have": 30, "goal": 60}


def test_an_album_of_other_gestures_is_refused_by_their_names(tmp_path):
    Album("hands", "rock, paper", tmp_path).add("paper", 1, jpeg((9, 9, 9)))
    (tmp_path / "hands" / "empty").mkdir()
    assert Album("hands", "paper, spoon", tmp_path).count() == {"paper": 1, "spoon": 0}
    others = Album("hands", "cup, spoon", tmp_path)
    with pytest.raises(WebcamError, match="album hands also holds paper; give ALBUM a new name"):
        others.begin("cup")
    assert others.source == "samples"
    for number in range(30):
        for gesture in others.classes:
            others.add(gesture, 1 + number // 6, jpeg((9, 9, 9)))
    with pytest.raises(WebcamError, match="album hands also holds paper"):
        print(others.source)


def test_numbers_go_on_after_the_highest_and_nothing_is_overwritten(tmp_path):
    album = Album("hands", "rock, paper", tmp_path)
    first = album.add("rock", album.begin("rock")["take"], jpeg((1, 1, 1)))
    second = album.add("rock", 1, jpeg((2, 2, 2)))
    kept = second.read_bytes()
    first.unlink()
    (second.parent / "my own.jpg").write_bytes(b"mine")
    again = Album("hands", "rock, paper", tmp_path)
    assert again.begin("rock")["take"] == 2
    third = again.add("rock", 2, jpeg((3, 3, 3)))
    assert third.name == "take02-003.jpg"
    assert second.read_bytes() == kept and (second.parent / "my own.jpg").read_bytes() == b"mine"


def test_a_picture_that_another_writes_meanwhile_is_left_alone(tmp_path, monkeypatch):
    album = Album("hands", "rock, paper", tmp_path)
    theirs = album.add("rock", 1, jpeg((1, 1, 1)))
    kept = theirs.read_bytes()
    monkeypatch.setattr(album, "_numbers", lambda gesture: [])  # as seen a moment before
    assert album.add("rock", 1, jpeg((2, 2, 2))).name == "take01-002.jpg"
    assert theirs.read_bytes() == kept


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows limits no file's size")
def test_a_full_disk_leaves_no_half_of_a_picture(tmp_path):
    import resource

    album, picture = Album("hands", "rock, paper", tmp_path), jpeg((1, 1, 1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(picture) // 2, limits[1]))
    try:
        with pytest.raises(WebcamError, match="No picture could be written"):
            album.add("rock", 1, picture)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert album.count() == {"paper": 0, "rock": 0}


@pytest.mark.parametrize("still", [False, True], ids=["moving", "still"])
def test_a_whole_take_is_held_out_however_alike_the_background_is(tmp_path, still):
    album = Album("hands", "rock, paper", tmp_path)
    random = np.random.default_rng(0)
    room = random.integers(0, 256, (8, 8, 3), np.uint8)
    for gesture in album.classes:
        for _ in range(5):
            begun = album.begin(gesture)
            for _ in range(begun["pictures"]):
                noise = random.integers(0, 256, (8, 8, 3), np.uint8)
                noise = np.where(random.random((8, 8, 1)) < 0.02, noise, room) if still else noise
                Image.fromarray(noise).resize((64, 64)).save(buffer := BytesIO(), "JPEG")
                album.add(gesture, begun["take"], buffer.getvalue())
    found = find_data("rock_paper_scissors", album.source, folder=tmp_path / "data")
    assert "shared out by goes with the camera" in found.line
    assert ("some on both sides" in found.line) == still
    takes = [{found.names[p].rpartition("-")[0] for p in part} for part in found.parts.values()]
    assert takes[0].isdisjoint(takes[1]) and len(takes[1]) == 2


@pytest.mark.parametrize(
    ("name", "classes", "message"),
    [
        ("../hands", "rock, paper", r"ALBUM is '\.\./hands'; it must be a name of letters"),
        ("", "rock, paper", "ALBUM is ''"),
        ("hands", "rock", "GESTURES is 'rock'; it must be 2 to 8 different names"),
        ("hands", ("rock", "a/b"), "GESTURES is 'rock, a/b'"),
        ("hands", "rock, Rock", "GESTURES is 'rock, Rock'"),
        ("hands", "rock, test", "GESTURES is 'rock, test'"),
    ],
)
def test_a_name_that_is_not_allowed_is_refused(tmp_path, name, classes, message):
    with pytest.raises(WebcamError, match=message):
        Album(name, classes, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("gesture", ["../elsewhere", "Rock", None, ["rock"]])
def test_the_page_names_no_path(tmp_path, gesture):
    album = Album("hands", "rock, paper", tmp_path)
    for question in ({"do": "begin"}, {"do": "add", "take": 1}):
        with pytest.raises(WebcamError, match="There is no gesture"):
            album.answer(question | {"gesture": gesture}, jpeg((9, 9, 9)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("take", [0, -1, 10_000, 1.5, "1", None, True])
def test_a_take_is_a_number(tmp_path, take):
    with pytest.raises(WebcamError, match=r"The take is .*; it must be a number from 1 to 9999"):
        Album("hands", "rock, paper", tmp_path).add("rock", take, jpeg((9, 9, 9)))


@pytest.mark.parametrize("frame", [b"", b"<script>", jpeg((9, 9, 9), kind="PNG")])
def test_what_is_no_jpeg_is_not_written(tmp_path, frame):
    with pytest.raises(PhotoError):
        Album("hands", "rock, paper", tmp_path).add("rock", 1, frame)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_one_sentence(tmp_path):
    (tmp_path / "hands").write_text("a file")
    with pytest.raises(WebcamError, match=r"No picture could be written .*another ALBUM\."):
        Album("hands", "rock, paper", tmp_path).add("rock", 1, jpeg((9, 9, 9)))


# The panel -------------------------------------------------------------------------------------


@pytest.fixture
def panel(game, monkeypatch):
    """A panel whose messages to the page are gathered in `said`."""
    made = Webcam(game)
    made.said = []
    monkeypatch.setattr(made, "send", made.said.append)
    return made


def ask(panel: Webcam, question: object, *frames: bytes) -> dict:
    panel._handle_custom_msg(question, [memoryview(frame) for frame in frames])
    json.dumps(panel.said)  # plain
    return panel.said[-1]


def test_the_page_plays_a_round_by_messages(panel, game):
    name = {"view": "a", "number": 7}
    reply = ask(panel, name | {"do": "deal"})
    assert reply["view"] == "a" and reply["number"] == 7
    assert reply["answer"]["seal"] == game.rounds[0].seal
    reply = ask(panel, name | {"do": "read"}, jpeg(COLOURS["rock"]))
    assert reply["answer"]["read"] == "rock" and reply["answer"]["outcomes"] == [
        game.rounds[0].outcome
    ]
    reply = ask(panel, name | {"do": "tell", "shown": "paper"})
    assert reply["answer"]["confusion"] == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    drawn = ask(panel, name | {"do": "draw"})["answer"]["picture"]
    assert isinstance(drawn, str) and len(drawn) > 1000


@pytest.mark.parametrize(
    ("question", "frames", "error"),
    [
        ({"do": "look"}, [], "The uploaded photo is empty"),
        ({"do": "look"}, [b"no picture"], "is not a picture that can be read"),
        ({"do": "read"}, [jpeg((9, 9, 9))], "deal before you read"),
        ({"do": "tell", "shown": 3}, [], "No round is decided"),
        ({"do": "fly"}, [], "The page asked for 'fly'"),
        ({}, [], "The page asked for None"),
    ],
)
def test_whatever_fails_the_page_gets_its_answer(panel, question, frames, error):
    reply = ask(panel, {"view": "a", "number": 1} | question, *frames)
    assert reply["number"] == 1 and error in reply["error"] and "answer" not in reply


@pytest.mark.parametrize("question", [{}, {"number": 1}, "text", None, [1]])
def test_a_message_of_no_known_kind_is_answered_too(panel, question):
    assert "Error" in ask(panel, question)["error"]


def test_a_network_that_fails_is_told(panel, game, monkeypatch):
    def fail(frame):
        raise MemoryError("too little memory")

    monkeypatch.setattr(game, "look", fail)
    reply = ask(panel, {"view": "a", "number": 1, "do": "look"}, jpeg((9, 9, 9)))
    assert reply["error"] == "MemoryError: too little memory"


def test_a_panel_is_named_without_its_address_and_can_be_stopped(panel, tmp_path):
    assert repr(panel) == "Webcam for a game"
    assert repr(Webcam(Album("hands", "rock, paper", tmp_path))) == "Webcam for an album"
    panel.stop()
    assert panel.said == [{"stop": True}]


def test_the_page_gets_pictures_of_the_gestures_and_the_rule(panel):
    assert panel.start["beats"] == "Paper beats rock, rock beats scissors, scissors beats paper"
    assert set(panel.start["portraits"]) == set(CLASSES)
    assert all(
        one.startswith("data:image/jpeg;base64,") for one in panel.start["portraits"].values()
    )
