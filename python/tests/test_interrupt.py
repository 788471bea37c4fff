"""Ctrl-C ends fit within a batch and leaves a model that works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")

#: What a shell has started in the background ignores Ctrl-C, and so do the programs of its tests.
LISTENS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"

PROGRAM = LISTENS + textwrap.dedent(
    """
    import time
    import numpy as np
    import martlet
    from martlet import layers

    model = martlet.Sequential([
        martlet.Input((28, 28, 1)),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy")
    x = np.random.rand(2000, 28, 28, 1).astype("float32")
    y = np.arange(2000) % 10

    ended = []
    class Listener(martlet.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            print("epoch", epoch, flush=True)
        def on_train_end(self, logs=None):
            ended.append(True)

    try:
        model.fit(x, y, epochs=100000, verbose=0, callbacks=[Listener()])
    except KeyboardInterrupt:
        stopped = time.time()
    assert ended == [True]
    finished = len(model.history.epoch)
    assert finished >= 2, finished
    assert len(model.history.history["loss"]) == finished
    assert np.isfinite(model.predict(x[:10], verbose=0)).all()
    model.fit(x, y, epochs=1, verbose=0)
    print("stopped", stopped, flush=True)
    """
)


def test_a_signal_stops_fit():
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            # What prints it hears of an epoch before History does, so this is the third.
            if line == "epoch 2\n":
                break
        sent = time.time()
        process.send_signal(signal.SIGINT)
        try:
            rest, _ = process.communicate(timeout=60)
        finally:
            process.kill()
        assert process.returncode == 0, rest
    stopped = float(rest.split("stopped")[1])
    # A batch takes milliseconds; the rest is for a busy machine.
    assert stopped - sent < 2


@pytest.mark.parametrize("verb", ["evaluate", "predict"])
def test_a_signal_stops_the_others(verb):
    program = LISTENS + textwrap.dedent(
        f"""
        import os, threading, time
        import numpy as np
        import martlet
        model = martlet.Sequential([martlet.Input((50,)), martlet.layers.Dense(50)])
        model.compile("sgd", "mse")
        x = np.ones((2_000_000, 50), np.uint8)
        threading.Timer(0.4, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            while True:
                model.{verb}(x, *[x][:{int(verb == "evaluate")}], batch_size=1, verbose=0)
        except KeyboardInterrupt:
            print("stopped")
        assert model.predict(x[:3], verbose=0).shape == (3, 50)
        """
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert result.stdout == "stopped\n", result.stderr


def test_other_threads_run_meanwhile():
    """The lock of the interpreter is free while the core computes."""
    import threading

    import numpy as np

    import martlet

    model = martlet.Sequential([martlet.Input((1000,)), martlet.layers.Dense(2000)])
    x = np.ones((3000, 1000), np.float32)
    counted = 0
    done = threading.Event()

    def count():
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    model.predict(x, batch_size=3000, verbose=0)
    seen = counted
    done.set()
    thread.join()
    assert seen >= 2


def test_models_in_several_threads():
    """Different models may train at the same time."""
    import concurrent.futures

    import numpy as np

    import martlet

    x = np.random.default_rng(0).normal(size=(200, 20)).astype(np.float32)
    y = np.arange(200) % 3

    def make():
        model = martlet.Sequential(
            [martlet.Input((20,)), martlet.layers.Dense(3, activation="softmax")]
        )
        model.set_weights([np.linspace(-1, 1, 60).reshape(20, 3), np.zeros(3)])
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    def train(model):
        model.fit(x, y, epochs=5, shuffle=False, verbose=0)
        return model.get_weights()

    expected = train(make())
    models = [make() for _ in range(6)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for weights in pool.map(train, models):
            for a, b in zip(weights, expected, strict=True):
                assert a.tobytes() == b.tobytes()
