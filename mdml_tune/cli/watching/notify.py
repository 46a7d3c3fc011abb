"""Telling the world: hooks are called beside the study, and never in its way."""

import logging
import threading
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from mdml_tune.cli.watching.hooks import Command, Hook, HookError, Message, Webhook
from mdml_tune.cli.watching.standing import Leaders
from mdml_tune.cli.watching.wording import first_line, name_of, shortened
from mdml_tune.records import Phase, TrialRecord, Value
from mdml_tune.tracking.addresses import redact
from mdml_tune.tuning.events import Event, Notice, Observer, TrialEnded

MOST_WAITING = 32
"""Messages; of more, the oldest are left out."""
PATIENCE_SECONDS = 40.0
"""At the end, for what is still to be told: a little more than one message may take."""
LONGEST_TEXT = 500

logger = logging.getLogger(__name__)


def hooks_of(webhook: str | None, on_event: str | None) -> tuple[Hook, ...]:
    """The hooks that ``--webhook`` and ``--on-event`` name.

    Raises:
        ConfigError: One of them cannot work.
    """
    hooks: list[Hook] = []
    if webhook is not None:
        hooks.append(Webhook.at(webhook))
    if on_event is not None:
        hooks.append(Command.of(on_event))
    return tuple(hooks)


@contextmanager
def notifying(study: str, hooks: Sequence[Hook]) -> Generator["Notifier"]:
    """Tells ``hooks`` of the study while the block runs, and of an error that ends it."""
    notifier = Notifier(study, hooks)
    notifier.start()
    try:
        yield notifier
    except KeyboardInterrupt:
        notifier.cut_short("interrupted; the same command goes on from here")
        raise
    except Exception as error:
        notifier.cut_short(first_line(str(error)) or type(error).__name__)
        raise
    finally:
        notifier.stop()


class Notifier:
    """Of one study. ``notifying`` makes one."""

    def __init__(self, study: str, hooks: Sequence[Hook]) -> None:
        self._study = study
        self._hooks = hooks
        self._waiting: deque[Message] = deque(maxlen=MOST_WAITING)
        self._problems: deque[str] = deque()
        """Of each hook the first, until it is told."""
        self._failing: set[Hook] = set()
        self._begun = False
        self._ending = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="notifying", daemon=True)

    def watching(
        self, observe: Observer, objective: str, before: Sequence[TrialRecord] = ()
    ) -> Observer:
        """``observe``, with hooks told of new leaders and of trials that call for a look.

        Args:
            observe: Is told everything, and a warning where a hook fails.
            objective: Metric that the study is ranked by: ``val/delta_m``.
            before: What an earlier start has left; its best trial has been told.
        """
        if not self._hooks:
            return observe
        leaders = Leaders(objective)
        for record in before:
            leaders.take(record)

        def tell(event: Event) -> None:
            self._begun = True
            observe(event)
            while self._problems:
                observe(Notice(f"warning: {self._problems.popleft()}"))
            if isinstance(event, TrialEnded):
                self._tell_end(event.record, leaders)

        return tell

    def finished(self, text: str, values: Mapping[str, Value] | None = None) -> None:
        """The study has come to its end; ``text`` is its result."""
        self._post(Message(self._study, "finish", text, values or {}))

    def failed(self, text: str, values: Mapping[str, Value] | None = None) -> None:
        """Something went wrong that calls for a look."""
        self._post(Message(self._study, "failure", text, values or {}))

    def cut_short(self, text: str) -> None:
        """An error ended the study; one that was refused before it began is no news."""
        if self._begun:
            self.failed(text)

    def start(self) -> None:
        if self._hooks:
            self._thread.start()

    def stop(self) -> None:
        """Wait for what is still to be told, but not for ever."""
        if not self._hooks:
            return
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join(PATIENCE_SECONDS)
        for problem in list(self._problems):
            logger.warning(problem)

    def _tell_end(self, record: TrialRecord, leaders: Leaders) -> None:
        needs_a_look = record.crashed or (record.diverged and record.phase is not Phase.SEARCH)
        if needs_a_look:
            reason = first_line(record.failure or "for no known reason")
            self.failed(f"{name_of(record)} failed: {reason}", _about(record))
        if leaders.take(record) and leaders.best is not None:
            value, best = leaders.best
            text = f"{name_of(best)} leads with {leaders.objective} {value:+.2f} %"
            values = {**_about(best), leaders.objective: value}
            self._post(Message(self._study, "new_leader", text, values))

    def _post(self, message: Message) -> None:
        if not self._hooks:
            return
        text = shortened(redact(message.text), LONGEST_TEXT)
        with self._changed:
            if message.event == "new_leader":  # the one that it overtook is no news any more
                others = [one for one in self._waiting if one.event != "new_leader"]
                self._waiting = deque(others, maxlen=MOST_WAITING)
            self._waiting.append(replace(message, text=text))
            self._changed.notify()

    def _run(self) -> None:
        while (message := self._next()) is not None:
            for hook in self._hooks:
                self._call(hook, message)

    def _next(self) -> Message | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ending)
            return self._waiting.popleft() if self._waiting else None

    def _call(self, hook: Hook, message: Message) -> None:
        try:
            hook.call(message)
        except HookError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 (whatever it is, the study goes on)
            problem = type(error).__name__
        else:
            return
        if hook not in self._failing:
            self._failing.add(hook)
            self._problems.append(
                f"the {hook} failed: {problem}. The study goes on; it is called again with the "
                f"next event, and this is said once."
            )


def _about(record: TrialRecord) -> dict[str, Value]:
    """What a program needs to find a trial, and what was chosen for it."""
    return {
        **record.parameters,
        "trial_key": record.trial_key,
        "config_id": record.config_id,
        "number": record.number,
        "method": record.method,
        "seed": record.seed,
    }
