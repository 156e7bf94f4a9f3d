"""The built wheel is whole, and works where there is no source tree."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import environment

pytestmark = pytest.mark.lengthy

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "deconvscope"


def build(folder, **variables):
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, with the front end that is there."""
    environment.build_front_end()
    return build(tmp_path_factory.mktemp("wheel"), HATCH_JUPYTER_BUILDER_SKIP_NPM="1")


@pytest.fixture(scope="module")
def wheel_and_front_end(tmp_path_factory):
    """The wheel, with the front end that building the wheel builds."""
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def clean_python(wheel_and_front_end, tmp_path_factory):
    """A Python that has the wheel, and this environment's packages without its editable install."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    install = ["-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([sys.executable, *install, wheel_and_front_end], check=True, capture_output=True)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True)
    # A folder named in a .pth file joins sys.path; the .pth files in it, editable installs, do not.
    dependencies = Path(packages.stdout.strip()) / "dependencies.pth"
    dependencies.write_text(sysconfig.get_path("purelib"))
    return python


def run(python, script, folder):
    """What the script prints, run in isolation from an empty folder."""
    command = [python, "-I", "-W", "error::UserWarning", "-c", script]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_wheel_is_whole(wheel):
    assert_whole(wheel)


@pytest.mark.slow
def test_the_wheel_is_whole_where_it_builds_the_front_end(wheel_and_front_end):
    assert_whole(wheel_and_front_end)


def assert_whole(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sources <= names
    assert {
        f"deconvscope/{name}"
        for name in (
            "__init__.py",
            "py.typed",
            "explorer/static/widget.js",
            "explorer/static/widget.css",
            "explorer/static/page.js",
            "explorer/static/page.css",
            "models/bundled/MODEL_CARD.md",
            "models/bundled/vgg16_trunk.fp16.safetensors",
            "models/bundled/mobilenet_v2.fp16.safetensors",
            "models/bundled/images/astronaut.jpg",
            "models/bundled/images/chelsea.jpg",
            "models/bundled/images/coffee.jpg",
            "models/bundled/images/rocket.jpg",
        )
    } <= names


def test_the_wheel_holds_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"deconvscope"}
    assert not [name for name in names if "__pycache__" in name or "node_modules" in name]
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert wheel.stat().st_size < 40e6


@pytest.mark.slow
def test_the_wheel_alone_records_reverses_and_explores(clean_python, tmp_path):
    script = """
import sys
import deconvscope as ds
print(ds.__file__)
model = ds.load_model("vgg16_trunk")
recording = ds.ReversedNetwork(model.network).record(model.preprocess(ds.sample_image("chelsea")))
pictures = recording.reverse(ds.Strongest("features.21"), [ds.DECONVNET, ds.DESALINET])
print(float(pictures.values.abs().max()) > 0)
explorer = ds.Explorer()
print(len(explorer._esm) > 1000, len(explorer._css) > 100, len(explorer._pictures) > 0)
print(*sys.path, sep="\\n")
"""
    file, *answers, _ = printed = run(clean_python, script, tmp_path)
    assert answers[:4] == ["True"] * 4
    assert not Path(file).is_relative_to(ROOT)
    assert str(ROOT / "src") not in printed
    assert str(ROOT) not in printed
