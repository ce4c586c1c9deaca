"""Published coefficient sets of transfer functions, with the conventions of each.

Sources: Zerlaut, Chemla, Chavane & Destexhe 2018, J Comput Neurosci 44:45-61 (ModelDB 234992); di
Volo, Romagnoni, Capone & Destexhe 2019, Neural Comput 31:653-680 (ModelDB 263236); Carlu et al.
2020, J Neurophysiol 123:1042-1051 (ModelDB 263259); Zerlaut & Destexhe, the framework ntwk.
"""

from __future__ import annotations

from dynsys.errors import unknown_name
from dynsys.transfer.functions import TransferFunction
from dynsys.typed import typed


def _volts(*values: float) -> tuple[float, ...]:
    """Coefficients in mV from the published ones in V, to the last digit."""
    return tuple(float(f"{1000 * value:.16g}") for value in values)


_RS_NOTEBOOK = _volts(
    -0.05471508050111006, 0.00764453782128837, -0.00462722888231791, 0.00171283147085246,
    -0.00010710902298915, 0.00072054481377823, -0.00200463684625451, 0.00011756368007101,
    0.00561325855110103, -0.00099436164081087, -0.00287604362443116,
)  # fmt: skip
_FS_NOTEBOOK = _volts(
    -0.05391744358996957, 0.0040764270125218036, 0.0016974703617061821, 0.0009118693856578156,
    -3.434964943418042e-05, 0.0005003071356040392, 6.523141117611165e-05, 2.424980306507913e-05,
    -0.002343278701730972, -0.00011571298930856952, 0.00014840258674260064,
)  # fmt: skip
_RS_PACKAGE = _volts(
    -0.05141558191616825, 0.006110460686387974, 0.0074401547579231175, 5.7690543360890866e-05,
    -0.00015290266832138907, 0.0005633644098237266, 0.0002728145247062728, 0.0005278709007253423,
    -0.0006770804112412124, 0.0004897964402973659, 0.0011507395756706462,
)  # fmt: skip
_FS_PACKAGE = _volts(
    -0.05461606638472656, 0.004584157498286067, -0.0017730320084580952, 0.0006647852185935688,
    -0.0003006374899602712, 0.0003935202931511032, -0.0005144549565214845, -6.391869481588333e-06,
    -0.0013902134091150764, -0.0004856635957836326, -0.0003636177538891194,
)  # fmt: skip
_LIF = _volts(
    -0.0580511403554923, 0.00678001833915864, -0.00169680718404915, 0.00524051034813547,
    0.00032857080575387, 0.0, 0.0, 0.0,
    0.0, 0.0, 0.0,
)  # fmt: skip
_RS_DIVOLO = _volts(
    -0.04983106, 0.00506355088277703, -0.02347012180731455, 0.00229515137250675,
    -0.00041053026520298, 0.0105470513435474, -0.03659252821136933, 0.00743748750579786,
    0.00126506472184607, -0.04072161294490446,
)  # fmt: skip
_FS_DIVOLO = _volts(
    -0.05149122024209484, 0.00400368919027108, -0.00835201366852815, 0.00024142379927657,
    -0.0005070645080016, 0.00143453941042824, -0.01468668949894997, 0.00450270628543574,
    0.00284721903525325, -0.01535780459459455,
)  # fmt: skip
_RS_CARLU = _volts(
    -0.04806749060124378, 0.003197999964940932, 0.01093190510433658, -0.0003232356875324839,
    0.0009773520605831335, 0.0010890578402720365, -1.1945168989832035e-06, -0.0013679007220597748,
    0.0038755844524793106, -0.00010554248968467408,
)  # fmt: skip
_FS_CARLU = _volts(
    -0.05115263797270551, 0.00175190804284205, -0.00608275040655121, -0.00086490593458096,
    0.0013817148998829, -0.00070292699462459, -0.01130091102547692, -0.00018365899371757,
    0.00122445382711325, -0.00119176548136799,
)  # fmt: skip
_RS_REFIT = (
    -49.254318, 3.12284, 8.001203, 0.417896,
    0.373683, 1.090033, -1.704921, -1.704041,
    -1.525444, 2.562704, 1.826577,
)  # fmt: skip
_FS_REFIT = (
    -47.549123, 2.796014, -8.16125, -10.092953,
    -2.943188, 0.644342, -1.054814, -1.559617,
    -0.449034, -0.73363, 0.484295,
)  # fmt: skip
_SPECTRUM_EXC = _volts(
    -0.0515132324453, 0.002486309312767, -0.0005346985774994, 0.0006362740549497,
    0.001653776869645, 0.0005993684467858, -0.002789436381422, -0.00263892369288,
    -0.000135720436703, -0.001839998328592, 0.002320599574051, -0.00263892369288,
    -0.00146974489861, 0.001624491131919, -0.0001282268364391, 0.001757528314997,
    -0.0001357204367046, 0.001624491131919, -0.001295056975893, 0.0005567915398932,
    7.850085047176e-05, -0.001839998328592, -0.0001282268364391, 0.0005567915398932,
    2.927578589118e-05, -7.102966108599e-05, 0.002320599574094, 0.001757528314992,
    7.850085046434e-05, -7.102966108855e-05, -0.00186892894687,
)  # fmt: skip
_SPECTRUM_INH = _volts(
    -0.05395843818142, 0.001880396438632, -0.001842927876647, 0.0005401592848253,
    0.0009984909495161, 0.0008263588740196, -0.002267517528916, -0.002663398017013,
    0.0002685263605691, -0.001456003008398, 0.001340028608941, -0.002663398017013,
    -0.001125385017722, 0.001315538228637, -0.0002795065619383, 0.00176161933867,
    0.0002685263605686, 0.001315538228637, -0.0009385914081309, 0.0006113353824502,
    -0.0001078350837935, -0.001456003008398, -0.0002795065619383, 0.0006113353824502,
    7.920611033939e-06, 0.0002644329543577, 0.001340028608958, 0.001761619338666,
    -0.000107835083797, 0.0002644329543602, -0.0008226893259358,
)  # fmt: skip
_PYRAMIDAL = _volts(
    -0.05098012202212, 0.002743357545722, -0.001850465815505, 0.0004650054181495,
    0.0006973465268542, -0.0005224243773019, -0.003199247863531, -0.0002855330199882,
    -0.0008084333698815, -0.0007240502163493, 0.001822528449916, -0.0002855330199884,
    -0.0006207655408683, 0.0007674423843901, 2.502265149117e-05, 0.0002692350668765,
    -0.0008084333698817, 0.0007674423843902, -0.002002907167275, -0.0002325347672378,
    0.0004016890100918, -0.0007240502163493, 2.502265149117e-05, -0.0002325347672378,
    -6.241972966971e-06, -1.468389121659e-05, 0.001822528449918, 0.0002692350668767,
    0.0004016890100917, -1.468389121667e-05, -0.0006757502543262,
)  # fmt: skip

_ZERLAUT = "Zerlaut et al. 2018, J Comput Neurosci 44:45-61 (ModelDB 234992)"
_DIVOLO = "di Volo et al. 2019, Neural Comput 31:653-680 (ModelDB 263236)"
_CARLU = "Carlu et al. 2020, J Neurophysiol 123:1042-1051 (ModelDB 263259)"
_NTWK = "the framework ntwk (neural_network_dynamics by Y. Zerlaut)"
_NOTEBOOK = f"{_ZERLAUT}, coefficients of its notebook"
_PACKAGE = f"{_ZERLAUT}, coefficients of its package"
_REFIT = f"fitted to the grids of {_ZERLAUT} with the correct variance"


def _gridded(
    name: str, cell: str, coefficients: tuple[float, ...], source: str,
    legacy_sigma: bool = False, network: str = "CONFIG1",
) -> TransferFunction:  # fmt: skip
    """A set fitted over 0-30 Hz of excitation and 0-20 Hz of inhibition, up to 30 Hz of output."""
    return TransferFunction(
        name, cell, coefficients, legacy_sigma, False, 30.0, (("e", 30.0), ("i", 20.0)), network,
        source,
    )  # fmt: skip


def _adapting(name: str, cell: str, coefficients: tuple[float, ...]) -> TransferFunction:
    """A set fitted with the measured adaptation current in the mean, on rates of 0-60 Hz."""
    return TransferFunction(
        name, cell, coefficients, False, True, 60.0, (), "CONFIG1-divolo", _DIVOLO
    )


def _skewed(name: str, cell: str, coefficients: tuple[float, ...]) -> TransferFunction:
    """A set of 31 coefficients, fitted on rates of 0-50 Hz."""
    return TransferFunction(name, cell, coefficients, False, False, 50.0, (), "spectrum2018", _NTWK)


TRANSFER_FUNCTIONS: dict[str, TransferFunction] = {
    function.name: function
    for function in (
        _gridded("RS-zerlaut2018", "RS", _RS_NOTEBOOK, _NOTEBOOK, True),
        _gridded("FS-zerlaut2018", "FS", _FS_NOTEBOOK, _NOTEBOOK, True),
        _gridded("RS-zerlaut2018-package", "RS", _RS_PACKAGE, _PACKAGE, True),
        _gridded("FS-zerlaut2018-package", "FS", _FS_PACKAGE, _PACKAGE, True),
        _gridded("RS-zerlaut2018-refit", "RS", _RS_REFIT, _REFIT),
        _gridded("FS-zerlaut2018-refit", "FS", _FS_REFIT, _REFIT),
        _gridded("LIF-vogels-abbott", "LIF", _LIF, _PACKAGE, True, "Vogels-Abbott"),
        _adapting("RS-divolo2019", "RS-divolo", _RS_DIVOLO),
        _adapting("FS-divolo2019", "FS", _FS_DIVOLO),
        _gridded("RS-carlu2020-hh", "HH-RS", _RS_CARLU, _CARLU, network="CONFIG1-carlu"),
        _gridded("FS-carlu2020-hh", "HH-FS", _FS_CARLU, _CARLU, network="CONFIG1-carlu"),
        _skewed("exc-spectrum2018", "LIF-exc", _SPECTRUM_EXC),
        _skewed("inh-spectrum2018", "LIF-inh", _SPECTRUM_INH),
        _skewed("pyramidal-modulation2020", "LIF-exc", _PYRAMIDAL),
    )
}


@typed
def find_transfer_function(name: str) -> TransferFunction:
    """A published transfer function.

    Raises UnknownNameError for a name there is not.

    Example
    -------
    >>> find_transfer_function("RS-zerlaut2018").legacy_sigma
    True
    """
    if name not in TRANSFER_FUNCTIONS:
        raise unknown_name("transfer function", name, TRANSFER_FUNCTIONS, "the library")
    return TRANSFER_FUNCTIONS[name]
