"""From the mean field's parameters to the variables of the network's groups, in SI units."""

from __future__ import annotations

from dynsys.errors import ModelError

_SI = {
    "mV": 1e-3,
    "mV/ms": 1.0,
    "mV/sqrt(ms)": 1e-3 / 1e-3**0.5,
    "nS": 1e-9,
    "pA": 1e-12,
    "ms": 1e-3,
}
_OF_GROUP = {
    # variable of a group: parameter of the mean field, unit
    "E": {
        "mu": ("mu_e", "mV/ms"), "sigma": ("sigma_e_ext", "mV/sqrt(ms)"),
        "J_EE": ("J_ee", "mV/ms"), "J_EI": ("J_ei", "mV/ms"), "tau_E": ("tau_se", "ms"),
        "tau_I": ("tau_si", "ms"), "a": ("a", "nS"), "b": ("b", "pA"), "E_A": ("E_A", "mV"),
        "tau_A": ("tau_A", "ms"),
    },
    "I": {
        "mu": ("mu_i", "mV/ms"), "sigma": ("sigma_i_ext", "mV/sqrt(ms)"),
        "J_IE": ("J_ie", "mV/ms"), "J_II": ("J_ii", "mV/ms"), "tau_E": ("tau_se", "ms"),
        "tau_I": ("tau_si", "ms"),
    },
}  # fmt: skip


def group_values(values: dict[str, float]) -> dict[str, dict[str, float]]:
    """Shared variables of the groups, in SI units, from the mean field's parameters.

    The jump of a synaptic variable at a spike is c/|J|.
    """
    result: dict[str, dict[str, float]] = {}
    for group, variables in _OF_GROUP.items():
        given = {v: values[name] * _SI[unit] for v, (name, unit) in variables.items()}
        for source in "EI":
            c, J = values[f"c_{source.lower()}"], values[f"J_{group.lower()}{source.lower()}"]
            if not 0 < c < abs(J):
                raise ModelError(
                    f"c_{source.lower()} = {c:g} and J_{group.lower()}{source.lower()} = {J:g}: "
                    "one spike opens c/|J| of the synapses, which must lie between 0 and 1"
                )
            given[f"jump_{group}{source}"] = c / abs(J)
        result[group] = given
    return result
