"""The optimizers by name.

Each takes, besides the arguments of its own, those that :class:`Optimizer` documents.
"""

from __future__ import annotations

from typing import Any

from ._optimizer import Optimizer


class SGD(Optimizer):
    """Gradient descent, with momentum where asked.

    Without momentum ``w -= learning_rate * g``. With it::

        m = momentum * m - learning_rate * g
        w += m                                      # nesterov: momentum * m - learning_rate * g

    Parameters
    ----------
    learning_rate
        The size of a step.
    momentum
        Share of the last step, from 0 to 1, that the next one keeps.
    nesterov
        Whether the gradient counts as if the momentum's step had been made.

    Examples
    --------
    >>> from martlet.optimizers import SGD
    >>> SGD(0.1, momentum=0.9)
    SGD(learning_rate=0.1, momentum=0.9)
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())


class RMSprop(Optimizer):
    """RMSprop: steps divided by the root of a running mean of the squared gradient.

    ::

        v = rho * v + (1 - rho) * g * g
        push = learning_rate * g / sqrt(v + epsilon)       # centered: v - mean**2 in the root
        w -= push                                          # momentum: push += momentum * last push

    Parameters
    ----------
    learning_rate
        The size of a step.
    rho
        How slowly the means forget.
    momentum
        Share of the last step that the next one keeps.
    epsilon
        Added inside the root.
    centered
        Whether the square of the gradient's running mean is taken off: the variance divides then.

    References
    ----------
    Hinton 2012, "Neural networks for machine learning", lecture 6e.

    Examples
    --------
    >>> from martlet.optimizers import RMSprop
    >>> RMSprop(0.01, rho=0.95)
    RMSprop(learning_rate=0.01, rho=0.95)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())


class Adam(Optimizer):
    """Adam: steps scaled by running means of the gradient and of its square.

    ::

        m += (g - m) * (1 - beta_1)
        v += (g * g - v) * (1 - beta_2)
        w -= learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)

    Parameters
    ----------
    learning_rate
        The size of a step.
    beta_1, beta_2
        How slowly the two means forget: from 0 to below 1.
    epsilon
        Added to the root as it stands, before the correction for the first steps ("epsilon hat").
    amsgrad
        Whether the greatest v so far takes the place of v.

    References
    ----------
    Kingma and Ba 2014, arXiv:1412.6980; Reddi et al. 2018, arXiv:1904.09237, for AMSGrad.

    Examples
    --------
    >>> from martlet.optimizers import Adam
    >>> Adam(1e-4).learning_rate
    0.0001
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())


class AdamW(Adam):
    """Adam with weight decay.

    Before each step ``w -= weight_decay * learning_rate * w``; see :class:`Adam`.

    Parameters
    ----------
    learning_rate
        The size of a step.
    weight_decay
        What decays.
    beta_1, beta_2, epsilon, amsgrad
        As for :class:`Adam`.

    Raises
    ------
    ValueError
        If `weight_decay` is None.

    References
    ----------
    Loshchilov and Hutter 2019, arXiv:1711.05101.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if weight_decay is None:
            raise ValueError("AdamW: weight_decay must be a number, got None; Adam has none")
        Optimizer.__init__(self, locals())


class Adamax(Optimizer):
    """Adam with the greatest gradient of late in the place of the mean of squares.

    ::

        m += (g - m) * (1 - beta_1)
        u = max(beta_2 * u, abs(g))
        w -= learning_rate / (1 - beta_1**t) * m / (u + epsilon)

    Parameters
    ----------
    learning_rate
        The size of a step.
    beta_1, beta_2
        How slowly the two means forget: from 0 to below 1.
    epsilon
        Added to u.

    References
    ----------
    Kingma and Ba 2014, arXiv:1412.6980, section 7.1.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())


class Nadam(Optimizer):
    """Adam with Nesterov's momentum.

    As :class:`Adam`, but the step is made of what m will be with the next gradient, guessed from
    this one; the share of m grows over the first steps.

    Parameters
    ----------
    learning_rate
        The size of a step.
    beta_1, beta_2
        How slowly the two means forget: from 0 to below 1.
    epsilon
        Added to the corrected root.

    References
    ----------
    Dozat 2016, "Incorporating Nesterov momentum into Adam".
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())


class Adagrad(Optimizer):
    """Steps that shrink as squared gradients add up.

    ::

        a += g * g
        w -= learning_rate * g / sqrt(a + epsilon)

    Parameters
    ----------
    learning_rate
        The size of a step. The paper's experiments have 0.01 and more.
    initial_accumulator_value
        What a starts with, from 0 up.
    epsilon
        Added inside the root.

    References
    ----------
    Duchi, Hazan and Singer 2011, "Adaptive subgradient methods".
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())


class Adadelta(Optimizer):
    """Steps of the size of earlier ones.

    ::

        v = rho * v + (1 - rho) * g * g
        d = g * sqrt(s + epsilon) / sqrt(v + epsilon)
        s = rho * s + (1 - rho) * d * d
        w -= learning_rate * d

    Parameters
    ----------
    learning_rate
        What steps are multiplied by: 1.0 in the paper, so the default hardly moves.
    rho
        How slowly the two means forget.
    epsilon
        Added inside the roots.

    References
    ----------
    Zeiler 2012, arXiv:1212.5701.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())


class Lion(Optimizer):
    """Steps of one size in the direction of the momentum's signs.

    ::

        w -= learning_rate * sign(beta_1 * m + (1 - beta_1) * g)
        m = beta_2 * m + (1 - beta_2) * g

    Parameters
    ----------
    learning_rate
        The size of a step. Its authors take a third to a tenth of Adam's.
    beta_1
        Share of m in the direction, above 0.
    beta_2
        How slowly m forgets.

    References
    ----------
    Chen et al. 2023, arXiv:2302.06675.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())


class Ftrl(Optimizer):
    """Follow the regularized leader: for sparse weights of wide models.

    Parameters
    ----------
    learning_rate
        The size of a step; not 0.
    learning_rate_power
        How steps shrink as squared gradients add up: up to 0, which is not at all.
    initial_accumulator_value
        What the sum of squares starts with, from 0 up.
    l1_regularization_strength, l2_regularization_strength
        Penalties, from 0 up.
    l2_shrinkage_regularization_strength
        A penalty that only acts on the size of weights, from 0 up.
    beta
        As in the paper.

    References
    ----------
    McMahan et al. 2013, "Ad click prediction: a view from the trenches".
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(locals())
