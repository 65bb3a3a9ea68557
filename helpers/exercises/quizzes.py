"""The exit quizzes: three questions a lesson, for its last five minutes, or for home."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from IPython.display import display

from helpers.exercises.kinds import Choice, Exercise, Feedback, Number
from helpers.messages import OneSentence


class QuizError(OneSentence):
    """A lesson, a question or a number of answers that does not exist."""


@dataclass(frozen=True)
class Quiz:
    """Three questions of a lesson, such as "01": a notebook shows them, `check` takes answers."""

    lesson: str
    questions: tuple[Exercise, ...]

    def check(self, *answers: Any) -> None:
        """Show of each answer whether it is right, else what is wrong with it.

        `...` leaves a question open; more answers than questions are a QuizError.
        """
        if len(answers) > len(self.questions):
            raise QuizError(
                f"The quiz has {len(self.questions)} questions; {len(answers)} are given."
            )
        for number, each in enumerate(self.questions, 1):
            feedback = each.attempt(answers[number - 1] if number <= len(answers) else ...)
            heading = f"{feedback.heading}, question {number}"
            self._show(replace(feedback, heading=heading), number)

    def hint(self, number: int) -> None:
        """Show a hint for a question, 1 to 3; called again, the clearer one."""
        self._show(self._question(number).next_hint(), number)

    def solution(self, number: int) -> None:
        """Show a question's answer, 1 to 3, and why it is the answer."""
        self._show(self._question(number).give_up(), number)

    def _repr_markdown_(self) -> str:
        """Return the questions, and how to answer them."""
        asked = (each.markdown(number) for number, each in enumerate(self.questions, 1))
        how = (
            "Answer in a new cell, a number or a letter in quotation marks in place of each three "
            f'dots: `exercises.quiz("{self.lesson}").check(..., ..., ...)`. In place of `check`, '
            "`hint(1)` helps with question 1, and `solution(1)` shows its answer."
        )
        return "\n\n".join([*asked, how])

    __repr__ = _repr_markdown_

    def _question(self, number: int) -> Exercise:
        if number not in range(1, len(self.questions) + 1):
            raise QuizError(f"{number!r} is no question; choose 1 to {len(self.questions)}.")
        return self.questions[int(number) - 1]

    def _show(self, feedback: Feedback, number: int) -> None:
        """Show feedback with the calls that lead on from here."""
        text = feedback.text.replace("run this cell again", "run it again")
        for name in ("hint", "solution"):
            text = text.replace(
                f"`q.{name}()`", f'`exercises.quiz("{self.lesson}").{name}({number})`'
            )
        display(replace(feedback, text=text))


def quiz(lesson: str | int) -> Quiz:
    """Return the exit quiz of a lesson, by its number, such as "01" or 1 (else QuizError)."""
    found = re.fullmatch(r"(?:lesson)?[ _]*0*(\d)", str(lesson).strip().lower())
    number = f"{int(found[1]):02d}" if found else ""
    if number not in QUIZZES:
        raise QuizError(f"{lesson!r} is no lesson with a quiz; choose {', '.join(QUIZZES)}.")
    return Quiz(number, QUIZZES[number])


QUIZZES: dict[str, tuple[Exercise, ...]] = {
    "00": (
        Choice(
            title="whole films",
            question="Lesson 0 judges by whole films, not by single frames. Why?",
            options={
                "a": "A network reads a film faster than single frames.",
                "b": "Each class has to have the same number of pictures.",
                "c": "The neighbour of a held-out frame would be among the training pictures.",
                "d": "Single frames are too small to be judged.",
            },
            reasons={
                "a": "It sees one picture at a time, wherever that comes from.",
                "b": "Frames could be counted out evenly, too; think of two frames in a row.",
                "d": "All pictures have the same size; think of two frames in a row.",
            },
            hints=(
                "What does the frame look like that comes next in the film?",
                "A network that has seen one of two near-copies knows the other.",
            ),
            why=(
                "Two frames in a row look nearly the same. A network that has learnt one knows the "
                "other, so a frame is only a fair question if its whole film is new."
            ),
        ),
        Number(
            title="your rocks",
            question=(
                "The confusion matrix of your game has this row for rock: 9 read as rock, 3 as "
                "paper, 0 as scissors. What share of your rocks was read correctly?"
            ),
            answer=0.75,
            share=True,
            tolerance=0.01,
            mistakes={
                0.25: "That is the share of rocks that was taken for paper.",
                0.09: "9 is how many were right; divide it by all rocks that you showed.",
                1 / 3: "3 of 9 compares wrong with right; divide the right ones by all rocks.",
            },
            hints=("How many rocks did you show in all?", "9 of 12."),
            why=(
                "9 of 12 rocks. A row holds all pictures of one true class; its place on the "
                "diagonal counts those that were read correctly."
            ),
        ),
        Choice(
            title="another room",
            question=(
                "You took thirty pictures of each gesture at your desk. There the network is "
                "right, in the kitchen it fails. What helps most?"
            ),
            options={
                "a": "Train the head for more epochs on the same pictures.",
                "b": "Take more pictures, some of them in the kitchen, in other light.",
                "c": "Take thirty more pictures at the desk.",
                "d": "Hold out fewer pictures, so that more are learnt from.",
            },
            reasons={
                "a": "More rounds over the same desk teach it that desk, and no kitchen.",
                "c": "It knows the desk; what has never varied there is still a surprise.",
                "d": "The held-out pictures show the desk, too.",
            },
            hints=(
                "What do all your pictures have in common besides the gestures?",
                "What should not matter has to vary in the training pictures.",
            ),
            why=(
                "Whatever never varies in the training pictures is a surprise later. Let the room "
                "and the light vary, and the network learns that they do not matter."
            ),
        ),
    ),
    "01": (
        Number(
            title="how wide a feature map is",
            question=(
                "Pictures of 150x150 pixels go through a 3x3 convolution without padding, then "
                "through `MaxPooling2D()`. How many places wide is each feature map?"
            ),
            answer=74,
            mistakes={
                75: "Without padding the filter does not fit at the edges: 150 becomes 148 first.",
                148: "That is before the pooling, which halves it.",
                150: "Without padding the convolution makes it narrower; then it is halved.",
                149: "A 3x3 filter loses two places, one on either side; then comes the pooling.",
                73: "One convolution costs two places, not four; then the pooling halves.",
                5476: "That is the number of places in the whole map; give its width.",
            },
            hints=(
                "At how many places in a row does a filter three pixels wide fit into 150?",
                "150 - 2, and half of that.",
            ),
            why="The filter fits at 148 places in a row, and the pooling keeps one of every two.",
        ),
        Choice(
            title="the best epoch",
            question=(
                "After each of 25 epochs somebody measures the accuracy on the test set, and then "
                "reports the best of the 25. What is wrong with that?"
            ),
            options={
                "a": "The best of 25 is partly luck: the test set has been used to choose.",
                "b": "Nothing, as long as the network was not trained on the test pictures.",
                "c": "The last epoch is always better than the one before.",
                "d": "The training accuracy should be reported, because it is calmer.",
            },
            reasons={
                "b": "It was not trained on them, but it was chosen by them; that flatters, too.",
                "c": "It need not be. Ask how the epoch was chosen, not which one it is.",
                "d": "That says how well it knows the pictures that it has learnt from.",
            },
            hints=(
                "Throw a die 25 times and report the best throw.",
                "What has chosen cannot judge any more; who should choose instead?",
            ),
            why=(
                "Whoever picks the best of 25 picks luck along with it. Held-out training pictures "
                "choose; the test set is asked once, when everything is settled."
            ),
        ),
        Choice(
            title="curves that over-fit",
            question="Which pair of learning curves shows over-fitting?",
            options={
                "a": "Training loss and validation loss both fall, side by side.",
                "b": "Training loss and validation loss both stay at 1.10.",
                "c": "The validation loss lies below the training loss.",
                "d": "The training loss falls on and on, the validation loss rises again.",
            },
            reasons={
                "a": "Then the network learns what holds for other pictures, too.",
                "b": "Then the network learns nothing at all.",
                "c": "That happens with augmentation or dropout, which make training harder.",
            },
            hints=(
                "Over-fitting: it learns what is true of the training pictures only.",
                "One of the two losses goes on improving, the other does not.",
            ),
            why=(
                "The network still improves on the pictures that it learns from. On others, it "
                "becomes ever more confident in its wrong predictions."
            ),
        ),
    ),
    "02": (
        Number(
            title="global average pooling",
            question=(
                "A frozen base gives feature maps of 7x7x768. How many numbers are left of them "
                "for each picture after `GlobalAveragePooling2D()`?"
            ),
            answer=768,
            mistakes={
                37632: "That is what `Flatten` leaves; an average makes one number of each map.",
                49: "Those are the places of one map; each map becomes one number.",
                3: "That is what comes after the dense layer.",
                2304: "Those are the weights of a dense layer; the question asks for numbers.",
                2307: "Those are the parameters of a dense layer; the question asks for numbers.",
            },
            hints=("How many maps are there?", "One average for each map."),
            why="Each of the 768 maps becomes its average over all 49 places.",
        ),
        Choice(
            title="what freezing does",
            question=(
                "`base.trainable = False`, then a new head goes on top, and the network is "
                "compiled and trained. What does training change?"
            ),
            options={
                "a": "Nothing: the whole network is frozen.",
                "b": "The weights of the head.",
                "c": "The weights of the base, but more slowly.",
                "d": "The base's last block, and the head.",
            },
            reasons={
                "a": "Only `base` is frozen; the head is not part of it.",
                "c": "Frozen weights do not move at all.",
                "d": "All of the base is frozen, until you unfreeze some of its layers.",
            },
            hints=(
                "Which layers belong to `base`, and which were added later?",
                "A frozen layer keeps its weights, whatever is trained on top.",
            ),
            why=(
                "The base stays as it is, so it gives the same features for a picture every time, "
                "and needs to run only once."
            ),
        ),
        Choice(
            title="fine-tuning in order",
            question="In which order does fine-tuning go well?",
            options={
                "a": "Unfreeze everything, and train at the usual rate.",
                "b": "Train the base's last blocks first, then put the head on.",
                "c": "Train head and last blocks together from the start, at a high rate.",
                "d": "Train the head on the frozen base, then the last blocks, too, at a low rate.",
            },
            reasons={
                "a": "The first errors of a random head can wreck the pretrained weights.",
                "b": "Without a head there is no answer, so there is no loss to train by.",
                "c": "A random head and large steps can wreck what the blocks already know.",
            },
            hints=(
                "Which part knows nothing at the beginning?",
                "What knows nothing is trained alone first; what knows much moves in small steps.",
            ),
            why=(
                "The random head learns first, so that no large errors run down into the base; "
                "then small steps adjust what is good already. Batch normalisation stays frozen."
            ),
        ),
    ),
    "03": (
        Choice(
            title="a fair contest",
            question=(
                "Network A was trained for 50 epochs and reaches 0.93, network B for 5 epochs and "
                "reaches 0.91, both from the same pictures. What follows?"
            ),
            options={
                "a": "A is the better network.",
                "b": "B is the better network, because it learns faster.",
                "c": "Nothing about the networks: the steps differ as well.",
                "d": "Both are equally good.",
            },
            reasons={
                "a": "It may only have had more steps; give B as many.",
                "b": "Perhaps, and perhaps it stops at 0.91; give both as many steps.",
                "d": "That was not shown either; give both as many steps, and several seeds.",
            },
            hints=(
                "What differs between the two, besides the network?",
                "Two things were changed at once.",
            ),
            why=(
                "In a fair contest both get the same pictures, the same steps and the same means, "
                "and it is repeated with other seeds."
            ),
        ),
        Number(
            title="how far apart",
            question=(
                "Two networks classify the same 1,000 test pictures. Both get 880 right, both get "
                "60 wrong; only the first gets 40 right, only the second 20. By how much is the "
                "first one's accuracy higher?"
            ),
            answer=0.02,
            share=True,
            tolerance=0.01,
            mistakes={
                0.04: "Subtract the 20 that only the second gets right.",
                0.92: "That is the first one's accuracy; subtract the second one's.",
                0.9: "That is the second one's accuracy; subtract it from the first one's.",
                1 / 3: "20 of 60 is a share of the deciding pictures; divide by all 1,000.",
                2 / 3: "40 of 60 is a share of the deciding pictures; divide by all 1,000.",
                0.06: "That counts all pictures on which they differ; subtract 20 from 40 instead.",
                0.2: "That is ten times too much: it is (40 - 20) pictures of 1,000.",
            },
            hints=("920 right against 900.", "(40 - 20) / 1000."),
            why=(
                "Only the 60 pictures on which they differ count: 40 against 20. That is 20 "
                "pictures of 1,000."
            ),
        ),
        Choice(
            title="ten photos of each class",
            question="You have ten photos of each of five breeds of dog. What do you try first?",
            options={
                "a": "Features of a pretrained, frozen network, and a simple classifier on top.",
                "b": "A large CNN from scratch, trained until its training accuracy is 1.",
                "c": "Fine-tuning all layers of a pretrained network at a high rate.",
                "d": "A small CNN from scratch, with strong augmentation.",
            },
            reasons={
                "b": "It would memorise fifty photos, and know little about others.",
                "c": "Fifty photos would wreck what a million photos have taught it.",
                "d": "However you turn them, fifty photos do not show all that fur can look like.",
            },
            hints=(
                "Look at the left end of the lesson's curves.",
                "A million photos, seen beforehand, are worth most where your own are few.",
            ),
            why=(
                "Photos of dogs look like ImageNet's, and ten are few: here features help most. "
                "The simple classifier takes seconds; anything larger has to beat it."
            ),
        ),
    ),
    "04": (
        Number(
            title="fifty times 0.9",
            question=(
                "A calibrated classifier gives its prediction the probability 0.9 on 50 photos. "
                "On about how many of them is it right?"
            ),
            answer=45,
            tolerance=0.03,
            mistakes={
                50: "Then it would not be confident enough: always right, and it says 0.9.",
                90: "There are 50 photos; 0.9 is a share of them.",
                5: "That is on how many it is wrong.",
                40: "That would be 0.8.",
            },
            hints=("Calibrated: its probability is the share that is right.", "0.9 x 50."),
            why=(
                "Nine in ten. If it were 35, the classifier would be over-confident: it says 0.9, "
                "and 0.7 are right."
            ),
        ),
        Choice(
            title="what a temperature changes",
            question="You divide all logits of a network by a temperature of 2. What changes?",
            options={
                "a": "Its predictions, and so its accuracy.",
                "b": "Its confidence, and no prediction.",
                "c": "Its predictions on the photos on which it was in doubt.",
                "d": "Nothing: softmax undoes the division.",
            },
            reasons={
                "a": "The largest logit stays the largest, so each prediction stays.",
                "c": "Half of the largest logit is still larger than half of any other.",
                "d": "Softmax depends on the differences of the logits, and these are halved.",
            },
            hints=(
                "Which logit is the largest before, and which one after?",
                "The order stays; the distances shrink.",
            ),
            why=(
                "The order of the logits stays, so each prediction stays. Their distances shrink, "
                "so the probabilities move closer together: the network is less confident."
            ),
        ),
        Choice(
            title="two suspects",
            question=(
                "A training stays at chance level. You correct the input range: still chance. You "
                "undo that and freeze the block instead: still chance. What follows?"
            ),
            options={
                "a": "Neither of the two is to blame.",
                "b": "The network is too small for the task.",
                "c": "Both changes do harm.",
                "d": "Nothing yet: correct both at once, since one may hide the other.",
            },
            reasons={
                "a": "You tried each while the other fault was still there.",
                "b": "That is a third suspect; try the first two together before.",
                "c": "At chance level you cannot see harm; try both changes together.",
            },
            hints=(
                "How many combinations of two suspects are there, and how many did you try?",
                "The fourth corner of the grid is missing.",
            ),
            why=(
                "If each of two faults spoils everything, each hides the other as long as you try "
                "them one by one. Try every combination."
            ),
        ),
    ),
    "05": (
        Number(
            title="from 0.96 to 0.97",
            question="An accuracy rises from 0.96 to 0.97. What share of the errors is gone?",
            answer=0.25,
            share=True,
            tolerance=0.01,
            mistakes={
                0.01: "That is the difference of the accuracies; divide by the errors before.",
                0.75: "That is the share of the errors that is left.",
                1 / 96: "Divide by the errors before, 0.04, not by the accuracy.",
                1 / 3: "Divide by the errors before, not by those after.",
            },
            hints=("How many of 100 photos are wrong before, and how many after?", "1 of 4."),
            why=(
                "Four of a hundred were wrong, now three are: a quarter of the errors is gone. "
                "Near 1, a hundredth of accuracy is a large share of the errors."
            ),
        ),
        Choice(
            title="which photos tell",
            question=(
                "Two approaches classified the same 1,000 test photos. Which of these photos tell "
                "whether one approach is better?"
            ),
            options={
                "a": "Those that exactly one of the two gets right.",
                "b": "Those that both get right.",
                "c": "Those that both get wrong, the hard ones.",
                "d": "All 1,000 alike.",
            },
            reasons={
                "b": "There both did equally well.",
                "c": "There both did equally badly, however hard the photos are.",
                "d": "On most of them both do the same, and that does not tell which is better.",
            },
            hints=(
                "On which photos does one do better than the other?",
                "McNemar's test counts only where the two differ.",
            ),
            why=(
                "On all others they are equal. If both were equally good, each photo on which they "
                "differ would be like a fair coin. McNemar's test counts these coins."
            ),
        ),
        Choice(
            title="the wrong input",
            question=(
                "VGG16 was trained on blue, green, red, minus their means. You feed it red, green, "
                "blue from 0 to 1. What happens?"
            ),
            options={
                "a": "Keras stops with an error.",
                "b": "Its batch normalisation makes up for it.",
                "c": "No error, no warning; it works, but less well than it could.",
                "d": "Nothing: the order of colours and their range do not matter to a network.",
            },
            reasons={
                "a": "Keras checks shapes, not what the numbers mean.",
                "b": "VGG16 has none, and a frozen one would not adapt.",
                "d": "Its filters were learnt for certain numbers; others give other results.",
            },
            hints=(
                "Does Keras know what range a network was trained on?",
                "The walkthrough ran to its end, and its author noticed nothing.",
            ),
            why=(
                "Such a mistake is dangerous because it is silent. `preprocess_input`, as a part "
                "of the model, cures it in one line."
            ),
        ),
    ),
    "06": (
        Number(
            title="a test of a hundred",
            question=(
                "A network is right about 90 % of 100 test pictures. What is the standard error of "
                "this accuracy, the square root of p(1 - p)/n?"
            ),
            answer=0.03,
            share=True,
            tolerance=0.01,
            mistakes={
                0.06: "That is twice the standard error: how far the 95 % interval reaches.",
                0.0009: "Now take the square root.",
                0.09: "That is p(1 - p); divide by n and take the square root.",
                0.3: "Divide by n before you take the square root.",
                0.1: "That is the share of errors.",
            },
            hints=("p is 0.9 and n is 100.", "The square root of 0.9 x 0.1 / 100, of 0.0009."),
            why=(
                "0.03, so the interval reaches from 0.84 to 0.96: with a hundred pictures 0.88 and "
                "0.92 may come from equally good networks."
            ),
        ),
        Choice(
            title="what to report",
            question="You have run five seeds of one setting. What do you report?",
            options={
                "a": "The best of the five, because that is what the setting can do.",
                "b": "The first, because it was run first.",
                "c": "The best of the five, and how many you ran.",
                "d": "The mean of the five, with its interval.",
            },
            reasons={
                "a": "The best of five equal networks is above their mean by luck alone.",
                "b": "One run says nothing about how far the seeds scatter.",
                "c": "That is more honest, but the number is still too good.",
            },
            hints=(
                "What happens to the best of many when you run more of them?",
                "A number that grows with the number of tries does not describe the network.",
            ),
            why=(
                "The mean does not grow with the number of tries, and the interval says how well "
                "it is known."
            ),
        ),
        Choice(
            title="an interval around zero",
            question=(
                "Over five seeds, A is better than B by 0.008 on average. The interval of the "
                "paired differences reaches from -0.002 to 0.018. What follows?"
            ),
            options={
                "a": "A and B are equally good.",
                "b": "These runs do not tell which one is better.",
                "c": "A is better by 0.008.",
                "d": "B is better, since the interval begins below zero.",
            },
            reasons={
                "a": "A difference up to 0.018 is still possible: not proven is not equal.",
                "c": "Zero is in the interval: the seeds may have been kind to A.",
                "d": "Most of the interval lies above zero; nothing speaks for B.",
            },
            hints=(
                "Does the interval contain zero?",
                "What does 'not proven' say, and what does it not say?",
            ),
            why=(
                "Zero lies inside, so the difference may be chance. But 0.018 lies inside, too, so "
                "it may be real. More seeds, or more pictures, would tell."
            ),
        ),
    ),
    "07": (
        Choice(
            title="the red table",
            question=(
                "All your mugs were photographed on a red table, all your bowls on a white one. "
                "Grad-CAM is bright on the tables. What helps?"
            ),
            options={
                "a": "More training pictures, taken the same way.",
                "b": "A larger network.",
                "c": "Pictures of mugs and bowls on both tables, and on others.",
                "d": "A threshold, so that it answers 'none of these' when in doubt.",
            },
            reasons={
                "a": "They would teach it the tables once more.",
                "b": "It would learn the tables, too: they tell the classes apart so well.",
                "d": "It is not in doubt: the tables tell it which class to name.",
            },
            hints=(
                "What tells the classes apart in these pictures, besides the things?",
                "What should not matter must not go with the class.",
            ),
            why=(
                "A network takes whatever tells the classes apart. Once both classes stand on all "
                "tables, only the things themselves are left to learn from."
            ),
        ),
        Number(
            title="the mean of the recalls",
            question=(
                "Of 10 test pictures of owls 8 are named correctly, of 100 of pigeons 90. What is "
                "the mean of the two recalls?"
            ),
            answer=0.85,
            share=True,
            tolerance=0.01,
            mistakes={
                98 / 110: "98 of 110 is the accuracy, in which the many pigeons dominate.",
                0.9: "That is the recall of the pigeons alone.",
                0.8: "That is the recall of the owls alone.",
                0.98: "98 of 110 are right in all; the question asks for the mean of two shares.",
            },
            hints=("One recall is 8 of 10, the other 90 of 100.", "(0.8 + 0.9) / 2."),
            why=(
                "Both classes count alike, however rare one is. The accuracy, 98 of 110, hardly "
                "notices the owls."
            ),
        ),
        Choice(
            title="after the test",
            question=(
                "The test result disappoints you. You change the augmentation, run again, and the "
                "accuracy on the same test pictures rises. What is the new number?"
            ),
            options={
                "a": "A validation result: for a test you need new pictures.",
                "b": "A test result, since nothing was trained on these pictures.",
                "c": "A test result, if the same seed was used.",
                "d": "A training result.",
            },
            reasons={
                "b": "They have made you change something: so they have chosen.",
                "c": "The seed does not help: the pictures have already chosen.",
                "d": "The network has not learnt from them; but you have.",
            },
            hints=(
                "What did the first result make you do?",
                "Pictures by which something is chosen have a name.",
            ),
            why=(
                "As soon as a result makes you change something, its pictures have chosen. Then "
                "they are validation pictures, and the number is a little flattered."
            ),
        ),
    ),
}
