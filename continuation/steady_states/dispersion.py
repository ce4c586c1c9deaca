"""Linear stability of the homogeneous state of a ring, wave number by wave number.

On a graph that looks the same from every node (a ring, all-to-all), perturbations
exp(2 pi i k j / N + lambda t) do not mix: each wave number k has a characteristic equation of the
size of one node, such as det[(1 + lambda T) I - A diag(w_e(k, lambda), w_i(k, lambda))] = 0 for
conductance-based mean fields with delayed lateral connections, w_s(k, lambda) = sum over distances
m of w_s,m exp(2 pi i k m / N - lambda d_m).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from continuation.steady_states.certificates import characteristic_equation
from continuation.steady_states.characteristic_equation import CharacteristicEquation
from continuation.steady_states.search import find_equilibria
from dynsys.coupling.coupled_field import CoupledField
from dynsys.coupling.node_kernel import Wiring, kernel_model, parameter_rows, wirings
from dynsys.coupling.uniform import uniform_model
from dynsys.drawing import canvas
from dynsys.errors import ModelError
from dynsys.styles import Style
from dynsys.typed import typed
from dynsys.vector_field import VectorField

HIGHEST_ORDER = 320


@dataclass(frozen=True)
class Dispersion:
    """Characteristic roots per wave number.

    ``data``: Dataset over ``wave_number`` (waves around the ring) and ``root`` (rightmost first)
    with ``growth`` (1/time unit, the real part) and ``frequency``
    (Hz; per time unit for a dimensionless model).
    """

    data: xr.Dataset
    name: str

    @property
    def stable(self) -> bool:
        """Whether every perturbation decays."""
        return bool(self.data["growth"].max() < 0)

    @property
    def dominant(self) -> int:
        """The wave number that grows fastest, or decays slowest."""
        return int(self.data["growth"].isel(root=0).idxmax())

    def __str__(self) -> str:
        first = self.data.isel(root=0)
        best = first.sel(wave_number=self.dominant)
        unit, cycles = (first[k].attrs["units"] for k in ("growth", "frequency"))
        lines = [
            f"homogeneous state of {self.name}: {'stable' if self.stable else 'unstable'}; wave "
            f"number {self.dominant} {'decays slowest' if self.stable else 'grows fastest'}: "
            f"{float(best['growth']):.6g} {unit}, {float(best['frequency']):.5g} {cycles}"
        ]
        for k in first["wave_number"].values:
            row = first.sel(wave_number=k)
            lines.append(
                f"  {k:>4}  {float(row['growth']):>12.6g}  {float(row['frequency']):>9.5g} {cycles}"
            )
        return "\n".join(lines)

    __repr__ = __str__

    def plot(self, ax: Any = None, *, style: str = "default", **line: Any) -> Any:
        """Draw growth over wave number, oscillating roots filled; returns the axes.

        ``style`` is "default" or "publication"; ``line`` are matplotlib's keywords for the roots.
        """
        with canvas(ax, style, (5, 3.2)) as (ax, look):
            return self._drawn(ax, look, line)

    def _drawn(self, ax: Any, look: Style, line: dict[str, Any]) -> Any:
        growth, frequency = self.data["growth"], self.data["frequency"]
        ax.axhline(0.0, **look.line({}, color="#8a8d8f", lw=0.8))
        for root in range(self.data.sizes["root"]):
            y, f = growth.isel(root=root).values, frequency.isel(root=root).values
            color = line.get("color", "#2f5d9b" if root == 0 else "#b9c4d6")
            k, order = self.data["wave_number"].values, 2 - (root > 0)
            ax.plot(k, y, **look.line(line, color=color, lw=1.1, zorder=order))
            for which, face in ((f > 0, color), (f <= 0, "white")):
                dots = look.line({}, mfc=face, mec=color, ms=4, zorder=order + 1)
                ax.plot(k[which], y[which], "o", **dots)
        ax.set_xlabel("wave number")
        ax.set_ylabel(f"growth ({growth.attrs['units']})")
        ax.set_title("filled: oscillating", fontsize=look.names)
        return ax


@typed
def dispersion(
    field: CoupledField,
    state: Sequence[float] | np.ndarray | None = None,
    wave_numbers: Sequence[int] | None = None,
    roots: int = 3,
) -> Dispersion:
    """Growth rates and frequencies of perturbations of the homogeneous state, per wave number.

    Parameters
    ----------
    field : coupled model on a graph whose nodes, in their order, are all connected alike.
    state : of one node (n,); that of ``uniform_model`` by default, if there is only
        one, or only one that is stable there.
    wave_numbers : 0 to N / 2 by default; -k has the complex conjugates of k.
    roots : how many of the rightmost. They are exact, and looked for with discretizations of
        doubled order until these agree on them.

    Raises
    ------
    ModelError where the nodes are not connected alike;

    Example
    -------
    >>> print(dispersion(ring("zerlaut2018")))
    """
    count = len(field.nodes)
    chosen = range(count // 2 + 1) if wave_numbers is None else list(wave_numbers)
    linear = _Linearization(field, state)
    found = np.full((len(chosen), roots), np.nan, dtype=complex)
    for row, k in enumerate(chosen):
        exact = _rightmost(linear.equation(int(k)), roots)
        found[row, : len(exact)] = exact
    unit = f"1/{field.time_unit}" if field.time_unit else "1/time"
    data = xr.Dataset(
        {
            "growth": (("wave_number", "root"), found.real, {"units": unit}),
            "frequency": (
                ("wave_number", "root"),
                np.abs(found.imag) / (2 * np.pi) * field.frequency_factor,
                {"units": field.frequency_unit},
            ),
        },
        coords={"wave_number": list(chosen), "root": np.arange(1, roots + 1)},
        attrs={"model": field.name, "source": field.source},
    )
    return Dispersion(data, field.name)


def _rightmost(equation: CharacteristicEquation, count: int) -> np.ndarray:
    """The rightmost roots on and above the real axis, at most ``count``."""
    order, before = 40, None
    while True:
        guesses = equation.pseudospectral_roots(order if len(equation.tau) else 1)
        exact = equation.roots(guesses[guesses.imag >= -1e-9][: 3 * count + 8])
        exact = exact[exact.imag >= -1e-12][:count]
        exact.imag[np.abs(exact.imag) < 1e-12 * (1 + np.abs(exact))] = 0.0
        same = before is not None and len(before) == len(exact) and np.allclose(before, exact)
        if same or order >= HIGHEST_ORDER or not len(equation.tau):
            return exact
        order, before = 2 * order, exact


@typed
def wave_equation(
    field: CoupledField, wave_number: int, state: Sequence[float] | np.ndarray | None = None
) -> CharacteristicEquation:
    """The exact characteristic equation of one wave number around the homogeneous state.

    Where left and right differ (a directed ring) it holds for k and -k together.

    Example
    -------
    >>> wave_equation(ring("zerlaut2018"), 3).polish(-0.2)
    """
    return _Linearization(field, state).equation(wave_number)


class _Linearization:
    """Derivatives of one node at the homogeneous state, and its connections by distance."""

    def __init__(self, field: CoupledField, state: Any) -> None:
        self.count = len(field.nodes)
        if state is None:
            state = _only_equilibrium(uniform_model(field))
        n = len(field.node_model.states)
        x = np.asarray(state, dtype=float)[:n]
        if x.shape != (n,):
            raise ModelError(
                f"the homogeneous state has shape {x.shape}; give {n} numbers "
                f"({', '.join(field.node_model.states)})"
            )
        kernel = field.kernel
        rows = parameter_rows(field, kernel)
        late, instant = wirings(field, kernel, rows)
        self.width, self.slots = kernel.width, kernel.slots
        self.late = _by_distance(field, late, self.width, self.slots)
        self.instant = _by_distance(field, instant, self.width, self.slots)
        model, _ = kernel_model(field)
        model = model.with_parameters(**dict(zip(model.parameters, rows[0].tolist(), strict=True)))
        received = self._received(model, x)
        full = model.fill_lines(np.concatenate([x, received]), model.parameter_array())
        node = _equation_of_node(model, full)
        self.n, self.node = n, node

    def _received(self, model: Any, x: np.ndarray) -> np.ndarray:
        """What arrives at the slots of a node when all are at ``x``."""
        weights = np.zeros((self.slots, self.slots))
        for slot, signal, _, weight, _ in [*self.late, *self.instant]:
            weights[slot, signal] += weight
        received = np.zeros(self.slots)
        for _ in range(100):
            sent = model.rhs(np.concatenate([x, received]))[len(x) : len(x) + self.slots]
            before, received = received, weights @ sent
            if np.max(np.abs(received - before)) <= 1e-14 * (1 + np.max(np.abs(received))):
                break
        return received

    def equation(self, wave_number: int) -> CharacteristicEquation:
        """Of perturbations exp(2 pi i k j / N)."""
        n, slots, node = self.n, self.slots, self.node
        own = len(node.tau)
        phase = 2 * np.pi * wave_number / self.count
        now = np.zeros((slots, slots), complex)
        for slot, signal, offset, weight, _ in self.instant:
            now[slot, signal] += weight * np.exp(1j * phase * offset)
        keys = sorted({(signal, lag) for _, signal, _, _, lag in self.late})
        sent_late = np.zeros((slots, len(keys)), complex)
        for slot, signal, offset, weight, lag in self.late:
            sent_late[slot, keys.index((signal, lag))] += weight * np.exp(1j * phase * offset)
        # r = R_x x + R_o o + R_v v: what is received, by states, own delayed values, late signals.
        sent = node.f_x[n:]
        solve = np.linalg.inv(np.eye(slots) - now @ sent[:, n:])
        r_x, r_o, r_v = solve @ now @ sent[:, :n], solve @ now @ node.f_u[n:], solve @ sent_late

        def through(by_x: np.ndarray, by_r: np.ndarray, by_o: np.ndarray) -> tuple:
            late = np.hstack([by_o + by_r @ r_o, by_r @ r_v])
            return by_x + by_r @ r_x, late

        f_x, f_u = through(node.f_x[:n, :n], node.f_x[:n, n:], node.f_u[:n])
        own_x, own_u = through(node.s_x[:, :n], node.s_x[:, n:], node.s_u)
        all_x, all_u = through(sent[:, :n], sent[:, n:], node.f_u[n:])
        which = [signal for signal, _ in keys]
        s_x = np.vstack([own_x, all_x[which]])
        s_u = np.vstack([own_u, all_u[which]])
        tau = np.array([*node.tau, *(lag for _, lag in keys)])
        assert s_u.shape == (own + len(keys),) * 2
        return _real_equation(f_x, f_u, s_x, s_u, tau)


def _equation_of_node(model: VectorField, full: np.ndarray) -> CharacteristicEquation:
    """Derivatives of a node and its slots by states and by the node's own delayed values."""
    if model.lines:
        return characteristic_equation(model, full)
    size, none = len(full), np.zeros((0, 0))
    return CharacteristicEquation(
        model.jacobian(full), np.zeros((size, 0)), np.zeros((0, size)), none, np.zeros(0)
    )


def _real_equation(
    f_x: np.ndarray, f_u: np.ndarray, s_x: np.ndarray, s_u: np.ndarray, tau: np.ndarray
) -> CharacteristicEquation:
    """Complex matrices as real ones of twice the size, with their roots and the conjugates."""
    matrices = (f_x, f_u, s_x, s_u)
    largest = max(float(np.max(np.abs(m), initial=0.0)) for m in matrices)
    if all(np.max(np.abs(m.imag), initial=0.0) <= 1e-13 * largest for m in matrices):
        return CharacteristicEquation(f_x.real, f_u.real, s_x.real, s_u.real, tau)
    a, b, c, d = (np.block([[m.real, -m.imag], [m.imag, m.real]]) for m in matrices)
    return CharacteristicEquation(a, b, c, d, np.concatenate([tau, tau]))


def _only_equilibrium(uniform: VectorField) -> np.ndarray:
    """The homogeneous equilibrium: the only one, or the only one that is stable to itself."""
    found = list(find_equilibria(uniform))
    if len(found) > 1:
        found = [x for x in found if np.linalg.eigvals(uniform.jacobian(x)).real.max() < 0]
    if len(found) != 1:
        n = len(uniform.states)
        several = "; ".join(
            ", ".join(f"{k} = {v:.5g}" for k, v in zip(uniform.states, x[:n], strict=True))
            for x in found
        )
        raise ModelError(
            f"{uniform.name} has {len(found)} homogeneous equilibria that are stable without "
            f"waves and delays ({several or 'none'}); pass state= one of "
            "find_equilibria(uniform_model(field))"
        )
    return found[0]


Connection = tuple[int, int, int, float, float]  # slot, signal, offset, weight, delay


def _by_distance(field: CoupledField, wiring: Wiring, width: int, slots: int) -> list[Connection]:
    """The connections of node 0; ModelError where another node's are not the same, moved along."""
    count = len(field.nodes)
    lists: list[list[Connection]] = []
    for j in range(count):
        mine: list[Connection] = []
        for slot in range(slots):  # later slots are the node's own delays
            for e in range(wiring.first[j * width + slot], wiring.first[j * width + slot + 1]):
                sender, signal = divmod(int(wiring.row[e]), width)
                offset = (sender - j) % count
                delay = float(wiring.lags[wiring.lag[e]])
                mine.append((slot, signal, offset, float(wiring.weight[e]), delay))
        lists.append(sorted(mine, key=lambda c: (c[0], c[1], c[2], c[4])))
    reference = lists[0]
    for j, found in enumerate(lists):
        alike = len(found) == len(reference) and all(
            a[:3] == b[:3] and np.isclose(a[3], b[3], rtol=1e-9, atol=0) and np.isclose(a[4], b[4])
            for a, b in zip(reference, found, strict=True)
        )
        if not alike:
            raise ModelError(
                f"{field.name}: node {field.nodes[j]!r} is not connected like node "
                f"{field.nodes[0]!r} in the graph's order of nodes; wave numbers belong to rings, "
                "whose nodes are listed around them. continuation.equilibria tells the stability "
                "of other graphs"
            )
    return reference
