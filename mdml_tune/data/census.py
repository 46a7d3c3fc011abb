"""How much of a split is labelled."""

from dataclasses import dataclass, field

import numpy as np

from mdml_tune.data.source import OfficialSplit, RawExample, Source
from mdml_tune.tasks import Task


@dataclass(frozen=True, slots=True)
class Census:
    """Counts the labelled pixels of each task, image after image."""

    source: Source
    split: OfficialSplit
    labelled: dict[Task, int]
    unlabelled: dict[Task, list[int]]
    """Images of which no pixel has a label."""
    seen: list[int] = field(default_factory=list[int])
    """Pixels of each image that was counted."""

    @classmethod
    def of(cls, source: Source, split: OfficialSplit) -> "Census":
        return cls(source, split, dict.fromkeys(source.tasks, 0), {t: [] for t in source.tasks})

    def count(self, index: int, example: RawExample) -> None:
        self.seen.append(example.image[0].size)
        for task, labels in example.labels.items():
            found = int(np.count_nonzero(labels.valid))
            self.labelled[task] += found
            if not found:
                self.unlabelled[task].append(index)

    def shares(self) -> dict[Task, float]:
        """Of all pixels, how many have a label: from 0 to 1."""
        pixels = max(sum(self.seen), 1)
        return {task: round(count / pixels, 6) for task, count in self.labelled.items()}

    def problems(self) -> list[str]:
        """A line for each task of which no image has a label."""
        return [
            f"No image of {self.split} has a labelled pixel for {task} "
            f"({self.source.name(self.split, 0)} and {len(self.seen) - 1} more). Correct the labels "
            f"or what marks pixels without one, or take the task's files away."
            for task in self.unlabelled
            if self.seen and not self.labelled[task]
        ]

    def warnings(self) -> list[str]:
        """A line for each task of which some images have no label."""
        return [
            f"{len(images)} of {len(self.seen)} images of {self.split} have no labelled pixel for "
            f"{task}, the first is {self.source.name(self.split, images[0])}."
            for task, images in self.unlabelled.items()
            if images and self.labelled[task]
        ]
