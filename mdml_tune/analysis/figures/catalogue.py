"""Every figure of a study, in the order in which a reader wants them."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from mdml_tune.analysis.figures.anytime import anytime, draw_anytime
from mdml_tune.analysis.figures.contours import contours, draw_contours
from mdml_tune.analysis.figures.cost import costs, draw_costs
from mdml_tune.analysis.figures.curves import draw_learning_curves, learning_curves
from mdml_tune.analysis.figures.dendrogram import dendrogram, draw_dendrogram
from mdml_tune.analysis.figures.front import draw_front, front
from mdml_tune.analysis.figures.gap import draw_gaps, gaps
from mdml_tune.analysis.figures.importance import draw_importance, importance
from mdml_tune.analysis.figures.parallel import draw_parallel_coordinates, parallel_coordinates
from mdml_tune.analysis.figures.slices import draw_slices, slices
from mdml_tune.analysis.figures.strip import draw_strip, strip
from mdml_tune.analysis.figures.style import Drawing
from mdml_tune.analysis.subject import Subject

Numbers = TypeVar("Numbers")


class Chapter(StrEnum):
    """What a figure is about: the report's headings, in its order."""

    RESULT = "What was reached"
    LEARNING = "How they learnt"
    SETTINGS = "What mattered"
    TASKS = "The tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    name: str
    """File name without its ending."""
    caption: str
    """What it shows, and how to read it."""
    chapter: Chapter
    wide: bool = False
    """Needs the page's whole width."""
    photographs: bool = False
    """Holds pictures that are shown as they are, on a dark page too."""
    draw: Callable[[Subject], Drawing | None]
    """None where the study has nothing to show there."""


def _figure(
    numbers: Callable[[Subject], Numbers | None], draw: Callable[[Numbers], Drawing]
) -> Callable[[Subject], Drawing | None]:
    """Numbers first, drawing second."""

    def made(subject: Subject) -> Drawing | None:
        found = numbers(subject)
        return None if found is None else draw(found)

    return made


CATALOGUE: tuple[Entry, ...] = (
    Entry(
        name="anytime",
        chapter=Chapter.RESULT,
        caption="Anytime leaderboard: the best Δm on val so far, against what had been spent on "
        "trials, single-task baselines included. The best of many on val is partly luck: what it is "
        "worth stands in the table of confirmed configurations.",
        draw=_figure(anytime, draw_anytime),
    ),
    Entry(
        name="cost_against_gain",
        chapter=Chapter.RESULT,
        caption="Cost against gain: the hours that one training at full length takes, the mean over "
        "its seeds, with all the networks that it trains (peers are two, of which one is used "
        "afterwards), and Δm on test with its 95 % confidence interval. Star: the single-task "
        "networks, one for each task, together.",
        draw=_figure(costs, draw_costs),
    ),
    Entry(
        name="pareto_front",
        chapter=Chapter.RESULT,
        caption="Trade-offs: what each configuration gains over single-task networks (which stand "
        "where the dashed lines cross), two objectives at a time. Line: the front of these two, on "
        "val. Blue: none beats it in all objectives together. Orange: the confirmed "
        "configurations, on test; the two splits are not to be compared point by point.",
        draw=_figure(front, draw_front),
    ),
    Entry(
        name="generalisation_gap",
        chapter=Chapter.LEARNING,
        caption="Generalisation gap: how much better a network is in training than on val, as a "
        "share of the single-task score, averaged like Δm.",
        draw=_figure(gaps, draw_gaps),
    ),
    Entry(
        name="learning_curves",
        chapter=Chapter.LEARNING,
        caption="Learning curves on val of the best configurations, the others in grey. Dashed: what the "
        "single-task networks reach at their end, on average over their seeds; the band runs from the "
        "worst to the best seed (of Δm: each seed's networks together, against the mean of all). What "
        "is far worse, as all are in their first epochs, is cut off.",
        draw=_figure(learning_curves, draw_learning_curves),
    ),
    Entry(
        name="parallel_coordinates",
        chapter=Chapter.SETTINGS,
        caption="Searched configurations, one line each; 'off' marks a setting that a "
        "configuration does not have. Those that were stopped early, and those still running, are "
        "shown with the Δm of their last epoch.",
        wide=True,
        draw=_figure(parallel_coordinates, draw_parallel_coordinates),
    ),
    Entry(
        name="importance",
        chapter=Chapter.SETTINGS,
        caption="Parameter importance (PED-ANOVA): how much of being among the best third of the "
        "configurations of full length each setting explains on its own, in multiples of what it "
        "explains in 1 of 20 cases when the results are shuffled. A bar that ends in the grey shows "
        "nothing; so does, by luck, one in 20 that passes it.",
        draw=_figure(importance, draw_importance),
    ),
    Entry(
        name="slices",
        chapter=Chapter.SETTINGS,
        caption="Slices: Δm on val against each setting, all others varying along. Searched "
        "configurations of full length, one point each; options of one setting are spread sideways "
        "to be seen.",
        draw=_figure(slices, draw_slices),
    ),
    Entry(
        name="contours",
        chapter=Chapter.SETTINGS,
        caption="The two numeric settings that explain most, together. Points: what was measured, each "
        "in the colour of its own Δm. Surface: a smoothed mean of the points nearby, a guess "
        "between them; white where there are none. Whether the two matter at all is "
        "what the parameter importance says.",
        draw=_figure(contours, draw_contours),
    ),
    Entry(
        name="dendrogram",
        chapter=Chapter.TASKS,
        caption="Which tasks a grouping threshold puts together. Tree: branches meet at the similarity "
        "at which two blocks merge (mean over the baselines' seeds). Blocks: the partition of every "
        "threshold; tasks in one coloured box form a block, grey ones stay alone. Points: searched "
        "configurations at their threshold; star and dashed line: the leading one.",
        draw=_figure(dendrogram, draw_dendrogram),
    ),
    Entry(
        name="predictions",
        chapter=Chapter.TASKS,
        caption="What the networks see: the first images of the test split, fixed in advance. "
        "Single-task: each task's baseline of the first seed. Ours: the leading confirmed "
        "configuration, its first confirming seed, first peer. Below each: the task's first metric on "
        "that image alone. Depths share one scale, that of the labels. Hatched: no label.",
        photographs=True,
        draw=_figure(strip, draw_strip),
    ),
)
