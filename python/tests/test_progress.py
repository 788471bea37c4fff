"""The progress line, in each of the places it may go to."""

from __future__ import annotations

import io
import re
import sys
import types

import numpy as np
import pytest

import martlet
from martlet import _progress
from martlet._progress import ProgressLine


class Terminal(io.StringIO):
    """Standard output that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


class Clock:
    """Time that passes when told."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(_progress.time, "perf_counter", lambda: self.now)


@pytest.fixture
def clock(monkeypatch):
    """Replaces the clock."""
    return Clock(monkeypatch)


def use_terminal(monkeypatch, columns=100):
    """Replaces standard output by a terminal.

    No fixture: pytest puts its own standard output back between set-up and call.
    """
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    return terminal


VALUES = {"accuracy": 0.4, "loss": 1.52434}


def test_the_line_in_a_log_file(clock, capsys):
    line = ProgressLine(3, 1)
    for done in (1, 2, 3):
        clock.now += 0.010
        line.update(done, lambda: VALUES)
    line.finish(VALUES)
    bar = "━" * 20
    assert capsys.readouterr().out == f"3/3 {bar} 0s 10ms/step - accuracy: 0.4000 - loss: 1.5243\n"


def test_the_line_in_one_piece(clock, capsys):
    line = ProgressLine(3, 2)
    for done in (1, 2, 3):
        clock.now += 0.022
        line.update(done, lambda: VALUES)
    line.finish(VALUES)
    assert capsys.readouterr().out == "3/3 - 0s - 22ms/step - accuracy: 0.4000 - loss: 1.5243\n"


def test_steps_that_nobody_knows(clock, monkeypatch):
    terminal = use_terminal(monkeypatch)
    line = ProgressLine(None, 1)
    for done in (1, 2, 3):
        clock.now += 30
        line.update(done, lambda: VALUES)
    line.finish(VALUES, 3)
    shown = re.sub(r"\x1b\[[0-9]*[mK]", "", terminal.getvalue()).split("\r")[1:]
    values = " - accuracy: 0.4000 - loss: 1.5243"
    assert shown[0] == f"      1/Unknown 30s 30s/step{values}"
    assert shown[2] == f"      3/Unknown 1:30 30s/step{values}"
    assert shown[3] == f"3/3 {'━' * 20} 90s 30s/step{values}\n"


def test_silence(clock, capsys):
    line = ProgressLine(3, 0)
    line.update(1, lambda: pytest.fail("values are not asked for"))
    line.finish(VALUES)
    line.abandon()
    assert capsys.readouterr().out == ""


def test_a_terminal_is_repainted_ten_times_a_second(clock, monkeypatch):
    terminal = use_terminal(monkeypatch)
    line = ProgressLine(1000, 1)
    for done in range(1, 1001):
        clock.now += 0.001
        line.update(done, lambda: VALUES)
    line.finish(VALUES)
    out = terminal.getvalue()
    assert out.count("\r\x1b[2K") <= 12
    assert "\b" not in out
    assert out.count("\n") == 1
    last = out.split("\r\x1b[2K")[-1]
    assert last == (
        f"\x1b[1m1000/1000\x1b[0m \x1b[32m{'━' * 20}\x1b[0m\x1b[37m\x1b[0m \x1b[1m1s\x1b[0m "
        "1ms/step - accuracy: 0.4000 - loss: 1.5243\n"
    )


def test_a_terminal_line_says_what_is_left_and_does_not_wrap(clock, monkeypatch):
    terminal = use_terminal(monkeypatch, 40)
    line = ProgressLine(200, 1)
    clock.now += 2
    line.update(1, lambda: VALUES)
    clock.now += 2
    line.update(2, lambda: VALUES)
    plain = re.sub(r"\x1b\[\d*[mK]", "", terminal.getvalue()).split("\r")
    assert plain[1].startswith("  1/200 ")
    assert "6:38" in plain[1]
    assert all(len(each) < 40 for each in plain)


def test_clocks():
    assert [_progress._clock(each) for each in (0, 12.9, 65, 3722)] == [
        "0s",
        "12s",
        "1:05",
        "1:02:02",
    ]
    assert [_progress._per_step(each) for each in (2.2, 0.0225, 0.000123)] == [
        "2s/step",
        "22ms/step",
        "123us/step",
    ]


def test_small_values_keep_their_digits():
    assert _progress._values({"loss": 0.00012345}) == " - loss: 1.2345e-04"
    assert _progress._values({"loss": -2.0}) == " - loss: -2.0000"


def test_a_notebook_gets_one_display(clock, monkeypatch):
    shown = []

    class Display:
        def update(self, content, raw):
            assert raw
            shown.append(("update", content["text/plain"]))

    def display(content, raw, display_id):
        assert raw
        assert display_id
        shown.append(("new", content["text/plain"]))
        return Display()

    shell = types.SimpleNamespace(kernel=object())
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: shell
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = display
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)

    line = ProgressLine(1000, 1)
    for done in range(1, 1001):
        clock.now += 0.002
        line.update(done, lambda: VALUES)
    line.finish(VALUES)
    assert [kind for kind, _ in shown].count("new") == 1
    assert len(shown) <= 12  # two seconds
    assert "\x1b" not in shown[-1][1]
    assert shown[-1][1].startswith("1000/1000 ")


def test_output_that_cannot_show_a_bar(clock, monkeypatch):
    class Ascii(io.StringIO):
        encoding = "ascii"

    out = Ascii()
    monkeypatch.setattr(sys, "stdout", out)
    line = ProgressLine(2, 1)
    line.finish(VALUES)
    assert out.getvalue().startswith("2/2 -------------------- ")


def test_output_that_is_gone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    ProgressLine(2, 1).finish(VALUES)

    class Broken(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Broken())
    ProgressLine(2, 1).finish(VALUES)


def test_fit_announces_epochs_only_where_there_are_several(classifier, blobs, capsys):
    classifier.fit(*blobs, verbose=2)
    assert "Epoch" not in capsys.readouterr().out
    classifier.fit(*blobs, epochs=2, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/2"
    assert re.fullmatch(
        r"4/4 - \ds - \d+[mu]s/step - accuracy: 0\.\d{4} - loss: \d\.\d{4}", lines[1]
    )
    classifier.fit(*blobs, epochs=2, verbose=0)
    assert capsys.readouterr().out == ""


def test_fit_evaluate_and_predict_show_a_line_by_default(classifier, blobs, capsys):
    classifier.fit(*blobs, validation_data=blobs)
    out = capsys.readouterr().out
    assert re.fullmatch(r"4/4 ━{20} \ds .*loss: .* - val_accuracy: .* - val_loss: [\d.]+\n", out)
    classifier.evaluate(*blobs)
    assert re.fullmatch(r"4/4 ━{20} \ds .*accuracy: .* - loss: .*\n", capsys.readouterr().out)
    classifier.predict(blobs[0])
    assert re.fullmatch(r"4/4 ━{20} \ds \d+[mu]s/step\n", capsys.readouterr().out)


def test_an_error_leaves_the_line(monkeypatch):
    terminal = use_terminal(monkeypatch)
    model = martlet.Sequential([martlet.Input((1,)), martlet.layers.Dense(1)])
    model.compile("sgd", "mse")

    def fail(batch, logs):
        raise RuntimeError

    listener = martlet.callbacks.LambdaCallback(on_train_batch_end=fail)
    with pytest.raises(RuntimeError):
        model.fit(np.ones((4, 1)), np.ones(4), callbacks=[listener])
    assert terminal.getvalue().endswith("\n")
