"""XPPAUT files read: published models, and lines that cannot be read."""

from __future__ import annotations

import numpy as np
import pytest

from dynsys import ModelError, StorageError, UnknownNameError, read_ode
from tests.dynsys.exchange.ode_models import MODELS


@pytest.mark.parametrize("name", MODELS)
def test_published_models_have_the_field_of_their_equations(name, tmp_path):
    text, field = MODELS[name]
    (tmp_path / f"{name}.ode").write_text(text)
    model = read_ode(tmp_path / f"{name}.ode")
    rng = np.random.default_rng(5)
    physical = np.array([s.initial for s in model.states.values()])
    for _ in range(20):
        x = physical + (0.05 + 0.1 * np.abs(physical)) * rng.random(len(physical))
        expected = np.array(field(x.tolist(), model.parameters))
        assert model.rhs(x)[: len(x)] == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_a_file_read_is_a_whole_model(tmp_path):
    (tmp_path / "ml.ode").write_text(MODELS["morris_lecar_1981"][0])
    model = read_ode(tmp_path / "ml.ode", name="ml", time_unit="ms", source="Morris & Lecar 1981")
    assert (model.name, model.source, model.time_unit) == ("ml", "Morris & Lecar 1981", "ms")
    assert model.initial_state().tolist() == [-60, 0.015]
    assert model.parameters["I"] == 100  # spelled as declared, although used as i
    assert list(model.observables) == ["v", "w", "ICa"]
    assert model.observe([-30.0, 0.1])["ICa"] == pytest.approx(
        4.4 * 0.5 * (1 + np.tanh((-30 + 1.2) / 18)) * (-30 - 120), rel=1e-13
    )
    assert set(model.definitions) == {"ica"}


def test_delays_of_a_file_become_delay_lines(tmp_path):
    (tmp_path / "mg.ode").write_text(MODELS["mackey_glass_1977"][0])
    assert len(read_ode(tmp_path / "mg.ode").lines) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("global 1 x-1 {x=0}", "resets"),
        ("markov z 2", "Markov"),
        ("volterra u=int{x}", "integral"),
        ("special k=conv(even,11,5,w,x)", "networks"),
        ("export {x} {y}", "compiled"),
        ("0=x-y", "algebraic"),
        ("y(t+1)=x", "maps"),
        ("y(t)=x+int{exp(-t)#x}", "integral equations"),
        ("y'=-y+ran(1)", "noise"),
        ("y'=-y+zeta*x", "no symbol 'zeta'"),
        ("y'=-y+zeta(x)", "no function 'zeta'"),
        ("y'=f(x)", "takes 2 arguments"),
        ("y'=(-y", "parentheses"),
        ("par a=2", "declared in line 2 already"),
        ("par b=two", "is no number"),
        ("init w=1", "no equation"),
        ("what = this is", "is no statement|symbol|operator"),
        ("y[1..9999]'=-y[j]", "longer"),
    ],
)
def test_lines_that_cannot_be_read_are_named(line, message, tmp_path):
    (tmp_path / "bad.ode").write_text(f"# a file\npar a=1\nf(u,v)=u+v\nx'=-a*x\n{line}\ndone\n")
    with pytest.raises((ModelError, UnknownNameError), match=message) as raised:
        read_ode(tmp_path / "bad.ode")
    assert "bad.ode, line 5" in str(raised.value)


def test_settings_of_windows_are_skipped(tmp_path):
    text = "@ total=5\nset one {a=2}\noptions file.opt\nonly x\npar a=1\nx'=-a*x\n"
    (tmp_path / "skip.ode").write_text(text)
    assert read_ode(tmp_path / "skip.ode").rhs([2.0]).tolist() == [-2.0]


def test_a_file_without_equations_or_no_file_is_refused(tmp_path):
    (tmp_path / "empty.ode").write_text("par a=1\ndone\nx'=-x\n")
    with pytest.raises(ModelError, match="no differential equation"):
        read_ode(tmp_path / "empty.ode")
    with pytest.raises(StorageError, match="cannot read"):
        read_ode(tmp_path / "nowhere.ode")
