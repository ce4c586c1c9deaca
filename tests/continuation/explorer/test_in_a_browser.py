"""Living pages in Chromium: load, hover, click, slide, stimulate; no error on the console."""

from __future__ import annotations

import base64
import importlib.util
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from continuation import bifurcation_diagram, load
from continuation.explorer.page import as_json
from dynsys.models import fitzhugh_nagumo

DATA = Path(__file__).parents[2] / "data"
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.skipif(BROWSER is None, reason="no browser (chromium) on the path"),
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None, reason="playwright is not installed"
    ),
]
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=BROWSER, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def opened(browser):
    """A function that opens a page; in the end nothing may have gone wrong on any of them."""
    troubles, pages = [], []

    def open_page(path, width=1300, link="", **options):
        page = browser.new_page(viewport={"width": width, "height": 1000}, **options)
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: request.url.startswith(("file:", "data:"))
                or troubles.append(request.url))  # fmt: skip
        page.goto(f"file://{path}{link}")
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert not troubles


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    return load(DATA / "diagram.nc").explore(folder / "plane.html")


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    model = fitzhugh_nagumo()
    diagram = bifurcation_diagram(model, x=("I", 0.0, 2.0))
    return diagram.explore(tmp_path_factory.mktemp("pages") / "line.html")


def at(page, across, up):
    """A place of the figure in pixels, from its lower left corner."""
    box = page.locator("svg.plane .frame").bounding_box()
    return box["x"] + across * box["width"], box["y"] + (1 - up) * box["height"]


def finished(page):
    """What is said of the runs when they are done, and the address tells of them."""
    page.wait_for_function("""() => {
      const { runner, link } = window.explorer;
      return runner.done && runner.frame === null && link.timer === null;
    }""")
    return page.locator(".verdicts").inner_text()


def test_hovering_tells_and_clicking_runs(opened, plane):
    page = opened(plane)
    page.mouse.move(*at(page, 0.9, 0.5))  # a = 0.4, b = 0: the stable cycle alone
    said = page.locator(".readout").inner_text()
    assert "a = 0.4" in said
    assert "limit cycle: " in said
    assert "period 6.28" in said
    assert "nearest boundary: " in said
    page.mouse.click(*at(page, 0.9, 0.5))
    assert "mostly at 159\N{NO-BREAK SPACE}Hz" in finished(page)
    assert 0.395 < float(re.search(r"p\.a=([\d.]+)", page.url)[1]) < 0.405
    page.mouse.click(*at(page, 0.2, 0.3))
    assert "rests at x = " in finished(page)


def test_small_values_are_told_apart(opened, plane):
    page = opened(plane)
    finished(page)
    ticks = "ticksBetween(-1e-18, 2e-18, 3).map((tick) => digits(tick, 3, 0))"
    assert page.evaluate(ticks) == ["-1e-18", "0", "1e-18", "2e-18"]
    assert page.evaluate("[digits(2.5e-10), digits(1e-18)]") == ["2.5e-10", "0"]  # 250 pA in A


def test_a_click_on_a_special_point_is_at_the_point_itself(opened, plane):
    page = opened(plane)
    finished(page)
    mark, name = page.locator("g.point circle").first, "window.explorer.content.points[0]"
    box = mark.bounding_box()
    # Beside the middle, where a click on the plane would be another place.
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.5 * box["height"])
    found = page.evaluate(f"[window.explorer.state.parameters, {name}.parameters]")
    assert {k: found[0][k] for k in found[1]} == pytest.approx(found[1], abs=1e-6)


def test_a_measured_trace_lies_over_the_runs(opened, plane, tmp_path):
    text = plane.read_text()
    held = json.loads(re.search(r'id="content">(.*?)</script>', text, flags=re.S)[1])
    rate = base64.b64encode(np.linspace(-1, 1, 200).astype("<f4").tobytes()).decode()
    trace = {"name": "the network at a = 0.1", "spacing": 0.5, "values": {"x": rate}}
    held["points"][0]["trace"] = trace
    changed = tmp_path / "measured.html"
    before, rest = text.split('id="content">', 1)
    changed.write_text(f'{before}id="content">{as_json(held)}{rest[rest.index("</script>") :]}')
    page = opened(changed)
    finished(page)
    page.locator("g.point circle").first.click()
    assert "the network at a = 0.1" in finished(page)
    drawn = "window.explorer.traces.measuredLine(window.explorer.traces.last, 0).length"
    assert page.evaluate(drawn) == 1
    page.mouse.click(*at(page, 0.2, 0.3))  # elsewhere it means nothing
    assert "the network" not in finished(page)
    assert page.evaluate(drawn) == 0


def test_sliders_and_keys_move_the_point(opened, plane):
    page = opened(plane)
    finished(page)
    page.locator("#parameter-a").fill("0.3")
    assert "a = 0.3" in page.locator(".readout").inner_text()
    assert "mostly at" in finished(page)
    page.locator("svg.plane").focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    assert "a = 0.15" in page.locator(".readout").inner_text()


def test_a_stimulus_acts_from_its_onset(opened, plane):
    page = opened(plane, link="#p.a=-0.3&p.b=-0.5&duration=60")
    assert "rests at x = " in finished(page)
    page.select_option("#stimulus-shape", "sine")
    page.select_option("#stimulus-input", "a")
    page.fill("#stimulus-onset", "20")
    page.fill("#stimulus-amplitude", "2")
    page.fill("#stimulus-frequency", "159")
    finished(page)
    early, late = page.evaluate("""() => {
      const { run } = window.explorer.runner.runs[0], third = Math.floor(run.samples / 3);
      const largest = (values) => Math.max(...values.map(Math.abs));
      return [largest(run.recorded[0].slice(third / 2, third)), run.p[0]];
    }""")
    assert early < 0.1
    assert late == pytest.approx(-0.3)
    assert "shape=sine" in page.url
    page.select_option("#stimulus-shape", "pulse")
    page.fill("#stimulus-length", "0")
    page.get_by_text("length above 0").wait_for()


def test_parameters_off_the_diagram_are_said_to_be(opened, line):
    page = opened(line)
    finished(page)
    name = page.evaluate(
        "window.explorer.content.model.parameters.find((p) => p.name !== 'I').name"
    )
    page.locator(f"#parameter-{name}").fill("0.5")
    notice = page.locator(".notice").first.inner_text()
    assert f"{name} = 0.5" in notice
    page.get_by_text("reset", exact=True).click()
    assert page.locator(".notice").first.is_hidden()


def test_a_click_on_a_branch_shows_the_cycle_with_its_multipliers(opened, line):
    page = opened(line)
    finished(page)
    family = page.evaluate("""() => {
      const { content, view } = window.explorer, [item] = content.families;
      const all = item.stable.flatMap((stable, k) => (stable ? [k] : []));
      const k = all[all.length >> 1], name = content.model.observables[0].name;
      const box = view.svg.getBoundingClientRect();
      return [box.x + view.frame.across(item.p[k]), box.y + view.frame.up(item.most[name][k])];
    }""")
    page.mouse.click(*family)
    said = page.locator(".readout").inner_text()
    assert "stable cycle: " in said
    assert re.search(r"multipliers, without the trivial one: (-?0?\.?\d|all below 0.001)", said)
    words = "multiplierWords([[0.784, 0], [2e-8, 1e-6], [2e-8, -1e-6]])"
    assert page.evaluate(words) == "0.784, others below 0.001"  # of which no digit is known
    assert page.locator("svg.circle circle").count() == 2
    assert "mostly at" in finished(page)
    assert "above 0 the rhythm comes earlier" in page.locator(".response").inner_text()
    drawn = """() => {
      const { response } = window.explorer.traces;
      return [response.advance(response.state.response), response.state.response.period];
    }"""
    advance, period = page.evaluate(drawn)
    page.select_option(".response select[aria-label='unit of the advance']", "cycles")
    turns, _ = page.evaluate(drawn)
    assert [a / period for a in advance] == pytest.approx(turns)
    assert min(advance) < 0 < max(advance)
    rest = page.evaluate("""() => {
      const { content, view } = window.explorer, [item] = content.branches;
      const name = content.model.observables[0].name, box = view.svg.getBoundingClientRect();
      return [box.x + view.frame.across(item.p[0]), box.y + view.frame.up(item.values[name][0])];
    }""")
    page.mouse.click(*rest)  # an equilibrium has no phase
    page.wait_for_timeout(100)
    assert page.locator(".response").is_hidden()


def test_a_link_reproduces_the_view(opened, plane):
    first = opened(plane)
    first.mouse.click(*at(first, 0.8, 0.6))
    said, told = finished(first), first.locator(".readout").inner_text()
    second = opened(plane, link=first.url[first.url.index("#") :])
    assert finished(second) == said
    assert second.locator(".readout").inner_text() == told


@pytest.mark.parametrize("kind", ["plane", "line"])
def test_narrow_screens_need_no_sideways_scrolling(kind, opened, plane, line):
    page = opened({"plane": plane, "line": line}[kind], width=400, has_touch=True)
    finished(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    box = page.locator("svg.plane .frame").bounding_box()
    page.touchscreen.tap(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"])
    for _ in range(100):  # the page forbids evaluated text, which wait_for_function needs
        if "p." in page.evaluate("window.location.hash"):
            break
        page.wait_for_timeout(100)
    assert "p." in page.evaluate("window.location.hash")


def test_without_javascript_the_picture_is_there(opened, plane):
    page = opened(plane, java_script_enabled=False)
    assert page.locator("noscript img").is_visible()
    assert page.locator("noscript img").bounding_box()["width"] > 300
