"""Fits with SciPy's L-BFGS, on all samples at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.optimize

from skscratch.estimators.engines import new_engine
from skscratch.estimators.fit import Fit
from skscratch.estimators.sklearn_callbacks import CallbackBridge
from skscratch.estimators.state import TrainingState


class LBFGSFit(Fit):
    """A fit with SciPy's L-BFGS. It resumes from the weights, and has no other state."""

    def __init__(self, estimator, data, state, incremental=False) -> None:
        super().__init__(estimator, data, state, incremental)
        if self.architecture.uses_dropout or estimator.clip_norm is not None:
            raise ValueError(
                "dropout and clip_norm are not supported with solver='lbfgs'. Use a stochastic "
                "solver such as 'adam'."
            )
        if self.resumed:
            arrays = estimator.coefs_, estimator.intercepts_
            self.network = self.architecture.fitted_network(*arrays)
        else:
            random_state = TrainingState().generator(estimator.random_state)
            self.network = self.architecture.new_network(random_state)
        # SciPy computes in double precision.
        self.parameters = self.network.parameters.astype(np.float64)

    def run(self, bridge: CallbackBridge) -> None:
        estimator, data, network = self.estimator, self.data, self.network
        batches = data.batches(data.rows, data.n_rows)
        engine = new_engine(estimator.engine, network, None, batches)

        def loss_and_gradient(parameters):
            network.parameters[:] = parameters
            data_loss, regularization_loss = engine.compute_gradients()
            loss = data_loss * self.targets.loss_scale + regularization_loss
            return loss, network.gradients.astype(np.float64)

        def end_iteration(intermediate_result):
            self._record(intermediate_result)
            bridge.begin_epoch()
            if bridge.end_epoch(self):
                self.stopped = True
                raise StopIteration

        try:
            result = scipy.optimize.minimize(
                loss_and_gradient,
                self.parameters.copy(),
                method="L-BFGS-B",
                jac=True,
                callback=end_iteration,
                options={
                    "maxfun": estimator.max_fun,
                    "maxiter": estimator.max_iter,
                    "gtol": estimator.tol,
                },
            )
        except KeyboardInterrupt:
            self.interrupt()
        else:
            self._end(result)
        losses = self.history.columns["loss"]
        if (losses and math.isnan(losses[-1])) or not np.isfinite(self.parameters).all():
            raise self.divergence(f"iteration {self.n_iter}", self.targets.scaling_advice)

    def _record(self, result: scipy.optimize.OptimizeResult) -> None:
        self.parameters[:] = self.network.parameters[:] = result.x
        self.record(self.network.parameters, float(result.fun))

    def _end(self, result: scipy.optimize.OptimizeResult) -> None:
        self.parameters[:] = result.x
        if self.n_iter == 0:
            # No iteration succeeded, for example because the initial weights are a minimum.
            self._record(result)
        if result.status != 0 and not self.stopped:
            self.warn(
                f"lbfgs failed to converge after {result.nit} iteration(s) (status="
                f"{result.status}): {result.message}. Raise max_iter or max_fun, or "
                f"{self.targets.scaling_advice}."
            )

    def fitted_attributes(self, finished: bool = True) -> dict[str, Any]:
        self.network.parameters[:] = self.parameters
        attributes = self.common_attributes(self.network.parameters)
        return {
            **attributes,
            "best_loss_": attributes["loss_"],
            "_training_state": vars(TrainingState()),
        }
