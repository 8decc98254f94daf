"""specification.json: enough to check a package, nothing about where the records lay."""

import json
from collections.abc import Callable

import pytest

from ndl_publish.audit.model import AuditedCube
from ndl_publish.cube.protected import Mode
from ndl_publish.geography.lookup import Geography
from ndl_publish.package.context import make_context
from ndl_publish.package.writers.specification import write_specification
from ndl_publish.spec.dataset import Dataset
from ndl_publish.spec.load import ReleaseSpec
from ndl_publish.spec.release import Release


@pytest.mark.parametrize("mode", ["dp", "classic"])
def test_specification_reads_back_as_what_was_built(
    mode: Mode,
    make_audited: Callable[..., AuditedCube],
    make_spec: Callable[..., ReleaseSpec],
    geography: Geography,
) -> None:
    spec, audited = make_spec(mode), make_audited(mode)
    (file,) = write_specification(audited, make_context(audited, spec=spec, geography=geography))
    content = json.loads(file.content)
    assert file.path == "specification.json"
    assert Dataset.model_validate(content["dataset"]) == spec.dataset.model_copy(update={"contributors": {}})
    release = Release.model_validate({**content["release"], "sources": spec.release.sources})
    assert release == spec.release
    assert content["rules"]["mode"] == mode


def test_where_the_records_lay_is_left_out(
    make_audited: Callable[..., AuditedCube], make_spec: Callable[..., ReleaseSpec], geography: Geography
) -> None:
    spec, audited = make_spec("classic"), make_audited("classic")
    (file,) = write_specification(audited, make_context(audited, spec=spec, geography=geography))
    assert "sources" not in json.loads(file.content)["release"]
    for paths in spec.release.sources.values():
        assert all(path.encode() not in file.content for path in paths)
