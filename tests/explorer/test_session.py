"""What an explorer knows, without Jupyter."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import deconvscope as ds
from deconvscope.explorer.inputs.images import OWN_KEPT
from deconvscope.explorer.inputs.networks import Networks
from deconvscope.explorer.progress import Progress
from deconvscope.explorer.session import RECORDINGS_KEPT, Place, Session
from deconvscope.models import Model, UnknownImageError, load_model, sample_image


@pytest.fixture
def session(small_model: Model) -> Iterator[Session]:
    made = Session()
    with made.networks.guest(small_model):
        yield made


def test_an_open_place_becomes_the_strongest_neuron_of_the_opening_layer(session: Session) -> None:
    view = session.visit(Place("small", "chelsea"))
    assert view.neuron.layer == "features.4"
    activation = view.recorded_image.recording["features.4"]
    assert view.value == activation.max()
    assert view.rank == pytest.approx(1 / (16 * 16))
    assert (view.place.channel, view.place.y, view.place.x) == view.neuron.index


def test_a_channel_alone_means_its_strongest_place(session: Session) -> None:
    view = session.visit(Place("small", "chelsea", "features.1", 3))
    assert view.value == view.recorded_image.recording["features.1"][3].max()


def test_layers_go_by_label_and_by_the_module_that_returns_them(session: Session) -> None:
    assert session.visit(Place("vgg16_trunk", "chelsea", "CONV4_3")).neuron.layer == "features.21"
    assert session.visit(Place("small", "chelsea", "features")).neuron.layer == "features.5"


@pytest.mark.parametrize(
    ("place", "error", "line"),
    [
        (Place("smal", "chelsea"), LookupError, "smal"),
        (Place("small", "chelse"), LookupError, "chelsea"),
        (Place("small", "chelsea", "feature.3"), ds.UnknownLayerError, "features.3"),
        (Place("small", "chelsea", "features.3", 6, 0, 0), ValueError, "6"),
        (Place("small", "chelsea", "features.3", 0, 16, 0), ValueError, "16"),
        (Place("small", "chelsea", "classifier", 3, 1, 1), ValueError, "classifier"),
    ],
)
def test_a_place_that_does_not_exist_is_refused_by_name(
    session: Session, place: Place, error: type[Exception], line: str
) -> None:
    with pytest.raises(error, match=line):
        session.visit(place)


def test_a_query_never_opens_a_file(session: Session, tmp_path: Path) -> None:
    sample_image("coffee").save(tmp_path / "secret.png")
    with pytest.raises(UnknownImageError):
        session.visit(Place("small", str(tmp_path / "secret.png")))


def test_recordings_are_kept_for_the_last_pairs_only(session: Session) -> None:
    first = session.visit(Place("small", "chelsea")).recorded_image
    assert session.visit(Place("small", "chelsea", "features.0")).recorded_image is first
    for image in ("coffee", "astronaut")[:RECORDINGS_KEPT]:
        session.visit(Place("small", image))
    assert session.visit(Place("small", "chelsea")).recorded_image is not first


def test_a_resting_session_holds_no_recording_and_wakes(session: Session) -> None:
    view = session.visit(Place("small", "chelsea"))
    recording = weakref.ref(view.recorded_image.recording)
    session.rest()
    assert recording() is None
    assert session.visit(view.place).value == view.value


def test_progress_is_reported_before_recording_and_cleared_after(small_model: Model) -> None:
    received: list[Progress | None] = []
    session = Session()
    session.report = received.append
    with session.networks.guest(small_model):
        session.visit(Place("small", "chelsea"))
        assert received[0] is not None
        assert "small" in received[0].text
        assert received[-1] is None
        received.clear()
        session.visit(Place("small", "chelsea", "features.0"))
        assert received == []
        with pytest.raises(LookupError):
            session.visit(Place("nothing", "chelsea"))
        assert received[-1] is None


def test_guests_stay_only_if_they_could_be_shown(session: Session) -> None:
    known = session.images.names()
    with (
        pytest.raises(ValueError, match="float"),
        session.images.guest(torch.zeros(3, 32, 32, dtype=torch.int64)) as name,
    ):
        session.visit(Place("small", name))
    with pytest.raises(ZeroDivisionError), session.networks.guest(nn.Identity()):
        raise ZeroDivisionError
    assert session.images.names() == known
    assert not any(offer.name == "Identity" for offer in session.networks.offered())


def test_own_images_go_by_their_content_and_the_last_few_stay(session: Session) -> None:
    names = []
    for level in range(OWN_KEPT + 2):
        with session.images.guest(np.full((40, 40, 3), level, np.uint8)) as name:
            names.append(name)
    with session.images.guest(np.full((40, 40, 3), OWN_KEPT + 1, np.uint8)) as again:
        assert again == names[-1]
    assert [name for name in session.images.names() if ":" in name] == names[-OWN_KEPT:]
    with pytest.raises(LookupError, match="open it again"):
        session.visit(Place("small", names[0]))


def test_an_own_image_that_is_looked_at_again_and_again_stays(session: Session) -> None:
    with session.images.guest(np.full((40, 40, 3), 99, np.uint8)) as favourite:
        pass
    for level in range(2 * OWN_KEPT):
        with session.images.guest(np.full((40, 40, 3), level, np.uint8)):
            pass
        session.visit(Place("small", favourite))
    own = [name for name in session.images.names() if ":" in name]
    assert len(own) == OWN_KEPT and favourite in own


def test_own_models_of_one_name_get_names_of_their_own(
    session: Session, small_model: Model
) -> None:
    class Other(nn.Identity):
        pass

    other = dataclasses.replace(small_model, network=Other())
    with session.networks.guest(other) as name:
        assert name == "small-2"
        assert session.networks[name].model.network is other.network
    with session.networks.guest(small_model) as name:
        assert name == "small"


def test_a_model_of_the_catalogue_keeps_its_name_unless_its_weights_are_random(
    session: Session, small_model: Model
) -> None:
    learnt = dataclasses.replace(small_model, name="vgg16_trunk")
    with session.networks.guest(learnt) as name:
        assert name == "vgg16_trunk"
        assert session.networks[name].model.network is small_model.network
    random = dataclasses.replace(
        small_model, network=nn.Identity(), name="alexnet", random_weights=True
    )
    with session.networks.guest(random) as name:
        assert name == "alexnet-2"


@pytest.mark.parametrize(
    ("there", "best"),
    [({"cuda", "mps"}, "cuda"), ({"mps"}, "mps"), (set(), "cpu")],
)
def test_a_network_of_the_catalogue_goes_to_the_best_device_there_is(
    monkeypatch: pytest.MonkeyPatch, there: set[str], best: str
) -> None:
    taken: list[torch.device] = []

    class Taken(nn.Identity):
        def to(self, device: torch.device) -> Taken:  # type: ignore[override]
            taken.append(device)
            return self

    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in there)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in there)
    stub = dataclasses.replace(load_model("vgg16_trunk"), network=Taken())
    monkeypatch.setattr("deconvscope.explorer.inputs.networks.load_model", lambda name: stub)
    assert Networks("auto")["vgg16_trunk"].model is stub
    assert [device.type for device in taken] == [best]


def test_a_tensor_goes_to_the_network_as_it_is(session: Session) -> None:
    tensor = torch.randn(3, 32, 32)
    with session.images.guest(tensor) as name:
        view = session.visit(Place("small", name))
    assert torch.equal(view.recorded_image.recording.input, tensor)
    assert view.recorded_image.seen.size == (32, 32)


def test_architectures_come_by_object_name_and_code_each_once(session: Session) -> None:
    asked = session.architectures.find(["DeSaliNet", ds.DECONVNET, "TTT", "saliency"])
    assert asked == (ds.DESALINET, ds.DECONVNET, ds.SALINET)
    assert session.architectures.find("FFF") == (ds.Architecture.parse("FFF"),)
    with pytest.raises(ValueError, match="at least one"):
        session.architectures.find([])
    with pytest.raises(ValueError, match="TTX"):
        session.architectures.find(["TTX"])


def test_an_own_architecture_can_be_asked_for_again_by_its_code(session: Session) -> None:
    own = ds.Architecture(relu=ds.RectGrad(0.1))
    session.visit(Place("small", "chelsea", architectures=(own,)))
    assert session.architectures.find([own.code]) == (own,)
    assert own in session.architectures.offered()
