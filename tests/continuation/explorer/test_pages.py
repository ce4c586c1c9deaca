"""Living pages: what they hold, what they say of a place, and that nothing in them is foreign."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import shapely

from continuation import equilibria, load, phase_response
from continuation.explorer import page as page_module
from continuation.explorer.content import run_length
from continuation.explorer.page import as_json, interface_script
from dynsys import ModelError, VectorField
from dynsys.commands import main
from stimulation import Pulse, Sine, Step
from tests.javascript import needs_node, numbers, run_script

DATA = Path(__file__).parents[2] / "data"
EVIL = "</script><script>document.title = 'evil'</script><!--<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def diagram():
    """A plane of the Bautin normal form, saved by an earlier version."""
    return load(DATA / "diagram.nc")


@pytest.fixture(scope="module")
def content(diagram):
    return diagram.page_content()


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text inside scripts."""

    def __init__(self, text):
        super().__init__()
        self.found, self.scripts, self.inside = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.scripts[-1] += data


def test_a_page_needs_nothing_from_elsewhere(diagram, tmp_path):
    path = diagram.explore(tmp_path / "bautin.html")
    text = path.read_text(encoding="utf-8")
    assert path.stat().st_size < 3e6
    for tag, attributes in Elements(text).found:
        for name in ("src", "href", "action", "data"):
            assert attributes.get(name, "data:").startswith("data:"), (tag, attributes)
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|import|eval|Function)\s*\(", text)
    assert "url(http" not in text


def test_only_the_pages_own_script_may_run(diagram, tmp_path):
    elements = Elements(diagram.explore(tmp_path / "bautin.html").read_text(encoding="utf-8"))
    (policy,) = [a["content"] for t, a in elements.found if "http-equiv" in a]
    digest = base64.b64encode(hashlib.sha256(elements.scripts[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'")


def test_names_and_texts_of_a_file_stay_texts(tmp_path):
    model = VectorField(
        "fold", {"x": 1.0}, {"m": 1.0}, {"x": "m - x^2"}, meaning=EVIL, source=EVIL,
    )  # fmt: skip
    branch = equilibria(model, "m", (-1, 2))
    text = branch.explore(tmp_path / "fold.html").read_text(encoding="utf-8")
    elements = Elements(text)
    assert [a.get("type") for t, a in elements.found if t == "script"] == ["application/json", None]
    assert not any("onerror" in attributes for _, attributes in elements.found)
    held = json.loads(elements.scripts[0])
    assert held["subtitle"] == EVIL
    assert EVIL not in text
    assert json.loads(as_json({"a": EVIL})) == {"a": EVIL}


def test_a_page_without_javascript_shows_the_picture(diagram, tmp_path):
    text = diagram.explore(tmp_path / "bautin.html").read_text(encoding="utf-8")
    inside = text[text.index("<noscript>") : text.index("</noscript>")]
    picture = re.search(r"data:image/png;base64,([^\"]+)", inside)[1]
    assert base64.b64decode(picture).startswith(b"\x89PNG")
    assert all(point.name in inside for point in diagram.special_points)


def test_a_model_that_cannot_run_leaves_the_page_readable(diagram, tmp_path, monkeypatch):
    def refused(model):
        raise ModelError("bautin has too many operations for a page")

    monkeypatch.setattr(page_module, "motion_script", refused)
    text = diagram.explore(tmp_path / "bautin.html").read_text(encoding="utf-8")
    held = json.loads(Elements(text).scripts[0])
    assert "too many operations" in held["missing"]
    assert "function makeModel" not in text


PLACES = """
return given.places.map(([x, y]) => {
  const region = regionAt(given.content, x, y);
  const found = nearestBoundary(given.content, region, x, y);
  const attractors = given.content.regions[region].attractors;
  return { region, distance: found.distance, name: found.name,
    known: attractors.map((attractor) => knownNear(given.content, attractor, x, y).values) };
});
"""


def told(content, places, folder):
    return run_script(interface_script(), PLACES, folder, content=content, places=places)


@needs_node
def test_a_page_knows_regions_and_distances(diagram, content, tmp_path):
    rng = np.random.default_rng(5)
    places = np.column_stack([rng.uniform(-0.5, 0.5, 60), rng.uniform(-1, 1, 60)])
    edge_of_the_plane = shapely.box(-0.5, -1, 0.5, 1).boundary.buffer(1e-6)
    for (a, b), found in zip(places, told(content, places.tolist(), tmp_path), strict=True):
        region = diagram.region(a=a, b=b)
        assert content["regions"][found["region"]]["label"] == region["label"]
        # Neither axis has a unit: distances count alike along both.
        boundary = shapely.difference(region["polygon"].boundary, edge_of_the_plane)
        wanted = shapely.distance(boundary, shapely.Point(a, b))
        assert found["distance"] == pytest.approx(wanted, abs=2e-3)
        assert found["name"] in {
            ", ".join(edge["bifurcations"]) for _, _, edge in diagram.regimes.edges(data=True)
        }


@needs_node
def test_a_page_knows_the_cycles_near_a_place(content, tmp_path):
    """The outer cycle of the normal form: r^2 = (b + sqrt(b^2 + 4 a))/2, period 2 pi."""
    a, b = 0.2, 0.3
    (found,) = told(content, [[a, b]], tmp_path)
    (cycle,) = [known for known in found["known"] if known["kind"] == "cycle"]
    radius = np.sqrt((b + np.sqrt(b**2 + 4 * a)) / 2)
    assert cycle["period"] == pytest.approx(2 * np.pi, rel=1e-3)
    assert cycle["most"]["x"] == pytest.approx(radius, rel=0.15)  # of a sample nearby


@needs_node
def test_spectra_find_the_frequency(tmp_path):
    body = """
    const wave = (_, i) => 3 + 2 * Math.sin(2 * Math.PI * given.f * i * 0.2e-3);
    const values = Float64Array.from({ length: 5000 }, wave);
    const { peak } = spectrumOf(values, 0.2, 1000);
    return [peak.frequency, peak.amplitude];
    """
    for frequency in (4.3, 22.185, 180.0):
        found, amplitude = run_script(interface_script(), body, tmp_path, f=frequency)
        assert found == pytest.approx(frequency, abs=0.02)
        assert amplitude == pytest.approx(2.0, rel=0.01)


@needs_node
@pytest.mark.parametrize(
    ("wave", "stimulus"),
    [
        (Step("40 pA", 100), {"shape": "step", "amplitude": 40, "onset": 100}),
        (Pulse("40 pA", 100, 50), {"shape": "pulse", "amplitude": 40, "onset": 100, "length": 50}),
        (Sine("40 pA", start=100, frequency=22), {"shape": "sine", "amplitude": 40, "onset": 100,
                                            "frequency": 22}),
    ],
)  # fmt: skip
def test_stimuli_are_those_of_the_library(wave, stimulus, tmp_path):
    times = np.linspace(0, 400, 801)
    whole = {"length": 0, "frequency": 10} | stimulus
    body = "return given.times.map((time) => stimulusAt(given.stimulus, time, 1000));"
    found = run_script(interface_script(), body, tmp_path, times=times.tolist(), stimulus=whole)
    np.testing.assert_allclose(numbers(found), wave.values(times), atol=1e-12)


LINK = """
const opening = { parameters: { a: 1, b: 2 }, duration: 100,
  stimulus: { shape: "none", input: "a", amplitude: 1, onset: 0, length: 1, frequency: 1 } };
const state = readLink(given.link, opening);
return [state, linkOf(state, opening)];
"""


@needs_node
def test_a_link_reproduces_the_view(tmp_path):
    link = "p.a=1.25&shape=sine&input=b&amplitude=3&onset=10&length=1&frequency=7&duration=50"
    state, again = run_script(interface_script(), LINK, tmp_path, link=f"#{link}")
    assert state["parameters"] == {"a": 1.25, "b": 2}
    assert state["stimulus"]["shape"] == "sine"
    assert state["duration"] == 50
    assert again == link


@needs_node
@pytest.mark.parametrize(
    "link",
    ["#p.a=x", "#p.a=Infinity", "#p.a=", "#p.__proto__=3&shape=__proto__&input=constructor",
     "#shape=toString&duration=-3", "#%", "#duration=1e99"],
)  # fmt: skip
def test_a_link_that_makes_no_sense_changes_nothing(link, tmp_path):
    state, _ = run_script(interface_script(), LINK, tmp_path, link=link)
    assert state["parameters"] == {"a": 1, "b": 2}
    assert state["stimulus"]["shape"] == "none"
    assert state["duration"] <= 2000


def test_runs_are_long_enough_to_show_something():
    assert run_length([-0.005, -0.005], [45.0]) == 1000.0
    assert run_length([], [2 * np.pi]) == 100.0
    assert run_length([], []) == 100.0
    assert run_length([-1.0, 0.0, -np.inf], []) == 5.0


def test_lines_tell_equilibria_and_cycles():
    branch, cycles = load(DATA / "branch.nc"), load(DATA / "cycles.nc")
    told_branch, told_cycles = branch.page_content(), cycles.page_content()
    (piece,), (family,) = told_branch["branches"], told_cycles["families"]
    assert piece["p"] == pytest.approx(branch.data["I"].values, rel=1e-6)
    assert family["period"] == pytest.approx(cycles.data["period"].values, rel=1e-5)
    count, phases = len(cycles), told_cycles["phases"]
    waves = np.frombuffer(base64.b64decode(family["profiles"]), "<f4").reshape(count, -1, phases)
    least = cycles.data[f"min_{cycles.model.observable_names[0]}"].values
    span = np.ptp(waves[:, 0], axis=1)
    assert np.all(np.abs(waves[:, 0].min(axis=1) - least) < 0.02 * span + 1e-6)
    assert {p["name"] for p in told_cycles["points"]} == {c.name for c in cycles.special_points}


def test_cycles_tell_their_phase_responses():
    cycles = load(DATA / "cycles.nc")
    (family,) = cycles.page_content()["families"]
    names = [told["name"] for told in family["inputs"]]
    assert names[:2] == ["I", "V"]
    assert family["inputs"][0]["unit"] == "(uA/cm^2) ms"
    k = len(cycles) // 2
    assert family["stable"][k]
    told = family["responses"][k]
    phases, advance = (
        np.frombuffer(base64.b64decode(text), "<f4")
        for text in (told["phases"], told["advances"][0])
    )
    wanted = phase_response(cycles.at(I=float(cycles.data["I"][k])), "I")
    assert phases[0] == 0
    assert advance == pytest.approx(
        np.interp(phases, wanted["phase"], wanted), abs=2e-3 * np.abs(wanted).max().item()
    )
    # Courses begin at the same place: the peak of the first observable.
    courses = np.frombuffer(base64.b64decode(family["profiles"]), "<f4")
    courses = courses.reshape(len(cycles), -1, 96)[:, 0]
    assert np.all(courses[:, 0] > courses.max(axis=1) - 1e-4 * np.ptp(courses, axis=1))
    # A fold of cycles has none, and says so.
    assert sum(told is None for told in family["responses"]) < 5


def test_explore_from_the_command_line(tmp_path, capsys):
    plane, line = tmp_path / "plane.html", tmp_path / "line.html"
    assert main(["explore", str(DATA / "diagram.nc"), "--out", str(plane)]) == 0
    files = [str(DATA / name) for name in ("branch.nc", "cycles.nc")]
    assert main(["explore", *files, "--out", str(line)]) == 0
    assert '"kind":"plane"' in plane.read_text()
    assert '"families":[{' in line.read_text()
    capsys.readouterr()
    curve = str(DATA / "fold_curve.nc")
    for wrong, message in [
        ([curve], "no page of its own"),
        ([files[0], curve], "make no page together"),
        ([files[0], files[0]], "make no page together"),
        ([str(tmp_path / "none.nc")], "none.nc"),
    ]:
        assert main(["explore", *wrong, "--out", str(tmp_path / "x.html")]) == 1
        assert message in capsys.readouterr().err
    assert main(["explore", files[0], "--out", str(tmp_path / "x.pdf")]) == 1
    assert not (tmp_path / "x.html").exists()
